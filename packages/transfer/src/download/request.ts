import type { Response } from 'undici';
import { DownloadError } from './download-error.js';
import type { Remote } from './remote.js';
import { isLoopback } from './weight-name.js';

/** A failure after which another try may succeed. */
export class BrokenConnection extends Error {
  override readonly name = 'BrokenConnection';

  constructor(
    message: string,
    readonly status?: number,
    /** Milliseconds to wait before the next try, if that is known. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** What a server sent, redirects followed. */
export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  /** Bytes of the whole file, if they are known. */
  readonly total: number | undefined;
  /** The first byte that is sent. */
  readonly from: number;
  /** Tells whether it is still the same file: a strong ETag, or a date. */
  readonly validator: string | undefined;
  /** Milliseconds. */
  readonly retryAfter: number | undefined;
  /** What the hub says of a large file: its SHA-256 (X-Linked-ETag). */
  readonly sha256: string | undefined;
  /** The hub's commit (X-Repo-Commit). */
  readonly revision: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  readonly close: () => Promise<void>;
}

interface RequestOptions {
  /** Where the file will be, for errors. */
  readonly place: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  readonly idleTimeout?: number | undefined;
}

const MOST_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * GETs a file, through the proxies of the environment. Redirects are followed by hand: what the hub says of a file is in its
 * first answer, its token goes to its own host alone, and https does not become http.
 * @throws BrokenConnection, or DownloadError for redirects that lead nowhere.
 */
export async function request(
  remote: Remote,
  { headers, place, signal, idleTimeout = 30_000 }: RequestOptions,
): Promise<Answer> {
  // Names and places of weights are told without it.
  const { Agent, EnvHttpProxyAgent, fetch } = await import('undici');
  const timeouts = { headersTimeout: idleTimeout, bodyTimeout: idleTimeout };
  // undici warns that the second is experimental: only where it is needed.
  const dispatcher = hasProxy() ? new EnvHttpProxyAgent(timeouts) : new Agent(timeouts);
  const close = async () => {
    await dispatcher.destroy().catch(() => undefined);
  };
  let url = remote.url;
  let sha256: string | undefined;
  let revision: string | undefined;
  try {
    for (let hop = 0; ; hop++) {
      const own = url.origin === remote.url.origin ? remote.headers : {};
      const response = await fetch(url, {
        dispatcher,
        redirect: 'manual',
        // A compressed body could not be gone on with.
        headers: { 'accept-encoding': 'identity', 'user-agent': 'nats-weights', ...own, ...headers },
        ...(signal && { signal }),
      });
      if (remote.isHub && url.origin === remote.url.origin) {
        sha256 ??= /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(response.headers.get('x-linked-etag') ?? '')?.[1];
        revision ??= response.headers.get('x-repo-commit') ?? undefined;
      }
      const location = response.headers.get('location');
      if (!REDIRECTS.has(response.status) || location === null) {
        return { ...described(response, url, signal), sha256, revision, close };
      }
      await response.body?.cancel();
      const next = new URL(location, url);
      const problem = redirectProblem(url, next, hop);
      if (problem !== undefined) {
        throw new DownloadError(`answered ${response.status} and ${problem}`, {
          url: remote.url.href,
          place,
          status: response.status,
        });
      }
      url = next;
    }
  } catch (error) {
    await close();
    throw translated(error, signal);
  }
}

function hasProxy(): boolean {
  return ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'].some((name) => process.env[name]);
}

function redirectProblem(from: URL, to: URL, hop: number): string | undefined {
  if (hop >= MOST_REDIRECTS) return `more than ${MOST_REDIRECTS} redirects`;
  if (!/^https?:$/.test(to.protocol)) return `led to ${to.protocol}`;
  if (from.protocol === 'https:' && to.protocol === 'http:' && !isLoopback(to)) return `led from https to ${to.href}`;
  return undefined;
}

function described(
  response: Response,
  url: URL,
  signal: AbortSignal | undefined,
): Omit<Answer, 'sha256' | 'revision' | 'close'> {
  const { headers, status, statusText, body } = response;
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  const length = Number(headers.get('content-length') ?? Number.NaN);
  const whole = range?.[2] !== undefined && range[2] !== '*' ? Number(range[2]) : undefined;
  const etag = headers.get('etag');
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return {
    url: url.href,
    status,
    statusText,
    total: whole ?? (status === 200 && Number.isFinite(length) ? length : undefined),
    from: range?.[1] === undefined ? 0 : Number(range[1]),
    validator: etag !== null && !etag.startsWith('W/') ? etag : (headers.get('last-modified') ?? undefined),
    retryAfter: Number.isFinite(seconds) ? Math.min(60, Math.max(0, seconds)) * 1000 : undefined,
    body: bytesOf(body, signal),
  };
}

async function* bytesOf(body: Response['body'], signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (error) {
    throw translated(error, signal);
  }
}

/** Errors of a connection, with the reason that undici keeps in `cause`. */
function translated(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof DownloadError || error instanceof BrokenConnection) return error;
  const { cause, message } = error as Error;
  const { code, message: why } = (cause ?? {}) as NodeJS.ErrnoException;
  const reason = [code, why ?? message].filter((part) => part !== undefined && part !== '').join(': ');
  return new BrokenConnection(reason);
}
