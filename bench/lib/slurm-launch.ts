import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SlurmCluster } from './slurm-cluster.js';

const PAGE = fileURLToPath(new URL('../../docs/clusters.md', import.meta.url));
const LAUNCH = 'srun --mpi=pmix --kill-on-bad-exit=1';
const MPIRUN = ['mpirun', '--allow-run-as-root', '--oversubscribe', '--bind-to', 'none', '-np', '2'] as const;

/** Where it is shown, and with what. */
export interface LaunchOptions {
  readonly cluster: SlurmCluster;
  readonly folder: string;
  /** The built command. */
  readonly nats: string;
  readonly config: object;
}

/**
 * Trainings of two processes by `srun`: a sweep with `slurm.launch`, told to save on the way, ends in the bits of `mpirun`; the
 * batch script of docs/clusters.md goes on by itself when told to save, and does not after `scancel`.
 * @returns what was shown
 * @throws Error for what is not so
 */
export async function showLaunch(options: LaunchOptions): Promise<string[]> {
  return [...(await showSweep(options)), ...(await showScript(options))];
}

async function showSweep({ cluster, folder, nats, config }: LaunchOptions): Promise<string[]> {
  const slurm = { partition: 'main', cpusPerTask: 1, tasks: 2, launch: LAUNCH };
  const variants = { original: { steps: ['train', 'evaluate'] } };
  for (const name of ['srun', 'mpirun'])
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ config, seeds: [1], variants, slurm }));
  call(cluster, folder, process.execPath, nats, 'sweep', 'run', 'srun.json', '--slurm');
  const run = join(folder, 'srun', 'trainings', 'original-seed-1');
  await untilSaved(cluster, run);
  const [job] = jobs(cluster);
  cluster.run('scancel', '--signal=TERM', '--batch', job!);
  await emptied(cluster);
  call(cluster, folder, ...MPIRUN, process.execPath, nats, 'sweep', 'task', 'mpirun.json', '0');
  const [there, here] = ['srun', 'mpirun'].map((name) => join(folder, name, 'trainings', 'original-seed-1'));
  for (const file of ['weights.safetensors', 'evaluation.json']) {
    if (!existsSync(join(there!, file))) throw new Error(`srun's training has no ${file}:\n${logOf(folder)}`);
    if (!readFileSync(join(there!, file)).equals(readFileSync(join(here!, file))))
      throw new Error(`${file} of srun differs from mpirun's`);
  }
  if (!existsSync(join(there!, 'rank-1.log'))) throw new Error('srun started one process');
  if (!/continues after step/.test(logOf(folder)))
    throw new Error(`it did not go on from a checkpoint:\n${logOf(folder)}`);
  return [`slurm.launch '${LAUNCH}', two processes, told to save on the way: the bits of mpirun -np 2`];
}

async function showScript({ cluster, folder, nats, config }: LaunchOptions): Promise<string[]> {
  const at = (...path: string[]) => join(folder, 'script', ...path);
  mkdirSync(at('bin'), { recursive: true });
  writeFileSync(at('nats.config.json'), JSON.stringify(config));
  writeFileSync(at('bin', 'nats'), `#!/bin/sh\nexec ${process.execPath} ${nats} "$@"\n`);
  chmodSync(at('bin', 'nats'), 0o755);
  const [, script] = /```bash\n(#!\/bin\/bash\n[\s\S]*?)```/.exec(readFileSync(PAGE, 'utf8'))!;
  // The page's resources are those of a larger machine.
  writeFileSync(
    at('job.sh'),
    script!.replace('--ntasks=4', '--ntasks=2').replace('--cpus-per-task=8', '--cpus-per-task=1'),
  );
  const env = { ...cluster.env, PATH: `${at('bin')}:${cluster.env.PATH}` };
  const run = at('runs', 'original');
  const submit = () => {
    const { stdout, stderr, status } = spawnSync('sbatch', ['--parsable', 'job.sh'], {
      cwd: at(),
      env,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`sbatch failed: ${stderr}`);
    return stdout.trim();
  };
  const first = submit();
  await untilSaved(cluster, run);
  cluster.run('scancel', first);
  await emptied(cluster);
  const state = cluster.run('scontrol', 'show', 'job', first);
  if (!/JobState=CANCELLED/.test(state) || existsSync(join(run, 'weights.safetensors')))
    throw new Error(`after scancel the batch script's job is not over: ${state}`);
  const second = submit();
  await untilSaved(cluster, run);
  // To the tasks of srun, as --signal before the time limit.
  cluster.run('scancel', '--signal=TERM', second);
  await emptied(cluster);
  const log = readFileSync(at(`slurm-${second}.out`), 'utf8');
  if (!existsSync(join(run, 'weights.safetensors')) || !/continues after step[\s\S]*continues after step/.test(log))
    throw new Error(`told to save, the batch script did not go on by itself:\n${log}`);
  return ["the page's batch script: over after scancel, goes on by itself when told to save"];
}

function call(cluster: SlurmCluster, folder: string, ...[program, ...args]: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(program!, args, { encoding: 'utf8', cwd: folder, env: cluster.env });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}${stdout}`);
}

const jobs = (cluster: SlurmCluster) =>
  cluster.run('squeue', '--noheader', '--me', '--format=%A').split('\n').filter(Boolean);

/** Until a run of a job under way has made steps since it began. */
async function untilSaved(cluster: SlurmCluster, run: string): Promise<void> {
  const metrics = join(run, 'metrics.jsonl');
  const count = () => (existsSync(metrics) ? readFileSync(metrics, 'utf8').split('"type":"checkpoint"').length - 1 : 0);
  const before = count();
  while (count() <= before) {
    if (jobs(cluster).length === 0) throw new Error(`the job of ${run} ended before it was disturbed`);
    await delay(50);
  }
}

async function emptied(cluster: SlurmCluster): Promise<void> {
  while (jobs(cluster).length > 0) await delay(300);
}

function logOf(folder: string): string {
  const { stdout } = spawnSync('sh', ['-c', 'cat srun/logs/*'], { cwd: folder, encoding: 'utf8' });
  return stdout;
}
