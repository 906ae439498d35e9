import type { Progress } from './context.js';

/** On a terminal one line that is rewritten; elsewhere a line every ten seconds. */
export function streamProgress(stream: NodeJS.WriteStream): Progress {
  const live = stream.isTTY === true;
  const clear = live ? '\r\x1b[K' : '';
  let last = Number.NEGATIVE_INFINITY;
  return {
    line: (text) => void stream.write(`${clear}${text}\n`),
    update: (text) => {
      if (live) return void stream.write(`${clear}${text}`);
      if (performance.now() - last < 10_000) return;
      last = performance.now();
      stream.write(`${text}\n`);
    },
  };
}
