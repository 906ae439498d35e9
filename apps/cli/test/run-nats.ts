import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process of its own, from its sources. */
export function runNats(...args: readonly string[]): Outcome {
  const main = join(import.meta.dirname, '..', 'src', 'main.ts');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@nats/source', '--import', 'tsx', main, ...args],
    { encoding: 'utf8', cwd: join(import.meta.dirname, '..') },
  );
  return { code: status, stdout, stderr };
}
