import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../progress.js';
import { RUN_FILES } from './run-files.js';

/** Milliseconds between lines that say how far a process is. */
const PACE = 10_000;

/** The log of a process that is not the first: `rank-1.log` in the run directory. */
function rankLogName(rank: number): string {
  return `rank-${rank}.log`;
}

/** Whether the name of a file in a run directory is a process's log. */
export function isRankLog(name: string): boolean {
  return /^rank-\d+\.log$/.test(name);
}

/** Progress as lines with their time in a file; kept until rank 0 has made the run directory. */
export function rankLog(folder: string, rank: number): Progress {
  const path = join(folder, rankLogName(rank));
  let waiting = '';
  let last = Number.NEGATIVE_INFINITY;
  const write = () => {
    if (waiting === '' || !existsSync(join(folder, RUN_FILES.run))) return;
    appendFileSync(path, waiting);
    waiting = '';
  };
  const line = (text: string) => {
    waiting += `${new Date().toISOString()} ${text.trimStart()}\n`;
    write();
  };
  return {
    line,
    update: (text) => {
      if (performance.now() - last < PACE) return write();
      last = performance.now();
      line(text);
    },
  };
}
