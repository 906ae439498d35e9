import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { NATS } from './run-nats.js';

/** How each family of MPI starts processes; root and more processes than cores are for test machines. */
const LAUNCHERS = {
  openmpi: ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '-np'],
  mpich: ['mpirun.mpich', '-np'],
} as const;

export type Family = keyof typeof LAUNCHERS;

/** Whether the launcher of a family is installed here (Debian: openmpi-bin, mpich). */
export function hasFamily(family: Family): boolean {
  return spawnSync(LAUNCHERS[family][0], ['--version'], { stdio: 'ignore' }).status === 0;
}

export interface RanksOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command on several processes. @param started is given mpirun's process */
export function launchNats(
  family: Family,
  ranks: number,
  cwd: string,
  args: readonly string[],
  started: (child: ChildProcess) => void = () => {},
): Promise<RanksOutcome> {
  const [command, ...options] = LAUNCHERS[family];
  const child = spawn(command, [...options, String(ranks), process.execPath, NATS, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started(child);
  return new Promise((resolve, reject) => {
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]!.on('data', (data: Buffer) => {
        text[name] += data.toString();
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
}
