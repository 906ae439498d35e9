import type { Progress } from '@nats/pipeline';

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
