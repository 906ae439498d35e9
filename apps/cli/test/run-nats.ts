import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command. */
export const NATS = join(import.meta.dirname, '..', 'dist', 'nats.js');

/** Runs the built command as a process of its own. */
export function runNats(...args: readonly string[]): Outcome {
  return runNatsIn(join(import.meta.dirname, '..'), ...args);
}

/** The same in another working directory. */
export function runNatsIn(cwd: SpawnSyncOptions['cwd'], ...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [NATS, ...args], { encoding: 'utf8', cwd });
  return { code: status, stdout, stderr };
}
