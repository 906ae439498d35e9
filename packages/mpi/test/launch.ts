import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How each family starts processes; root and more ranks than cores are for test machines. */
const LAUNCHERS = {
  openmpi: ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '--mca', 'btl', 'self,vader,tcp', '-np'],
  mpich: ['mpirun.mpich', '-np'],
} as const;

export type Family = keyof typeof LAUNCHERS;

/** The families whose launcher is installed here (Debian: openmpi-bin, mpich). */
export function installedFamilies(): Family[] {
  return (Object.keys(LAUNCHERS) as Family[]).filter(
    (family) => spawnSync(LAUNCHERS[family][0], ['--version'], { stdio: 'ignore' }).status === 0,
  );
}

export interface LaunchResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a TypeScript file on `ranks` processes, from sources. */
export function launch(
  family: Family,
  ranks: number,
  script: string,
  args: readonly string[] = [],
  started: (child: ChildProcess) => void = () => {},
): Promise<LaunchResult> {
  const [command, ...options] = LAUNCHERS[family];
  const node = [process.execPath, '--import', 'tsx', '--conditions=@nats/source', script];
  const child = spawn(command, [...options, String(ranks), ...node, ...args], {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
    // One thread each: as many processes as cores, and more, share this machine.
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  started(child);
  return new Promise((resolve, reject) => {
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (data: Buffer) => {
      text.stdout += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      text.stderr += data.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
}
