/** A download that failed, as opposed to a file that is wrong (NatsError). */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  /** The address that was asked. */
  readonly url: string;
  /** The HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** Where the file is looked for; it may be put there by other means. */
  readonly place: string;

  constructor(what: string, details: { url: string; place: string; status?: number; hint?: string }, cause?: unknown) {
    const { url, place, status, hint } = details;
    const byHand = `Without network: put the file at ${place}`;
    super(`${url} ${what}. ${hint === undefined ? '' : `${hint}. `}${byHand}`, cause === undefined ? {} : { cause });
    this.url = url;
    this.status = status;
    this.place = place;
  }
}
