/** Tells how it goes. */
export interface Progress {
  /** A line that stays. */
  line(text: string): void;
  /** How far something is; may be shown or not, and replaces the former one. */
  update(text: string): void;
}

/** On a terminal one line that is rewritten; elsewhere a line every ten seconds. */
export function streamProgress(stream: NodeJS.WriteStream): Progress {
  const live = stream.isTTY === true;
  const clear = live ? '\r\x1b[K' : '';
  let last = Number.NEGATIVE_INFINITY;
  return {
    line: (text) => void stream.write(`${clear}${text}\n`),
    update: (text) => {
      // A line that wraps could not be rewritten.
      if (live) return void stream.write(`${clear}${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
      if (performance.now() - last < 10_000) return;
      last = performance.now();
      stream.write(`${text}\n`);
    },
  };
}

/** `3 of 10, about 2 min left`, from what was done in how many seconds. */
export function timeLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'time left unknown';
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}
