import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type BenchResult, option } from './lib/bench.js';
import { missingForSlurm, type SlurmCluster, startSlurm } from './lib/slurm-cluster.js';
import { showLaunch } from './lib/slurm-launch.js';

const NATS = fileURLToPath(new URL('../apps/cli/dist/nats.js', import.meta.url));

const fitting = { batchSize: 4, learningRate: 0.002, checkpointEvery: 10 };
const config = (steps: number) => ({
  engine: { threads: 1 },
  data: { format: 'mnist', train: 24, val: 12 },
  backbone: { name: 'demo-resnet' },
  detector: {
    kind: 'fcos',
    inputSize: [64, 64],
    channels: 16,
    stages: ['C3', 'C4'],
    extra: 'none',
    headDepth: 1,
    headNorm: { kind: 'batch' },
  },
  space: { genotypes: ['1', '2'], groups: 2 },
  search: { ...fitting, steps: 6, start: 2 },
  train: { ...fitting, steps },
});

/**
 * Not a measurement but a proof on a real Slurm, which it starts and ends: a sweep of two variants and two seeds with a search
 * before, with tasks that are requeued, told to save, and cancelled on the way, gives the table of `--jobs 1`; trainings of two
 * processes by `srun` end in the bits of `mpirun`; the batch script of docs/clusters.md does as that page says.
 * `npm run bench -- slurm [--steps 120]`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const missing = missingForSlurm();
  if (missing !== undefined) throw new Error(`a Slurm of one's own needs ${missing}`);
  const folder = mkdtempSync(join(tmpdir(), 'nats-slurm-'));
  const sweep = {
    config: config(option(args, 'steps', 120)),
    seeds: [1, 2],
    variants: { original: { steps: ['train', 'evaluate'] }, searched: {} },
    slurm: { partition: 'main', cpusPerTask: 1 },
  };
  for (const name of ['local', 'slurm']) writeFileSync(join(folder, `${name}.json`), JSON.stringify(sweep));
  const started = performance.now();
  let cluster: SlurmCluster | undefined;
  try {
    cluster = await startSlurm(join(folder, 'cluster'));
    const { env, run: slurm } = cluster;
    const nats = (...words: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [NATS, 'sweep', ...words], {
        encoding: 'utf8',
        cwd: folder,
        env,
      });
      if (status !== 0) throw new Error(`nats sweep ${words.join(' ')} ended with ${status}: ${stderr}`);
      return stdout;
    };
    console.log(nats('run', 'slurm.json', '--slurm').trimEnd());
    const events = await disturb(slurm, join(folder, 'slurm'));
    await emptied(slurm);
    const before = nats('status', 'slurm.json');
    console.log(before.trimEnd());
    // What was requeued goes on by itself; what was cancelled does not.
    if (before.match(/ ready /g)?.length !== 1) throw new Error('not the cancelled task alone is left');
    // What was cancelled; twice, of which the second finds it queued.
    console.log(nats('resume', 'slurm.json', '--slurm').trimEnd());
    const twice = nats('run', 'slurm.json', '--slurm').trimEnd();
    await emptied(slurm);
    const restarts = restartsIn(join(folder, 'slurm'));
    nats('run', 'local.json', '--jobs', '1');
    const [here, there] = ['local', 'slurm'].map((name) => {
      nats('collect', `${name}.json`, '--no-report');
      const { name: _name, ...results } = JSON.parse(readFileSync(join(folder, name, 'results.json'), 'utf8'));
      return results as { missing: string[] };
    });
    console.log(readFileSync(join(folder, 'slurm', 'results.md'), 'utf8'));
    const equal = isDeepStrictEqual(here, there) && there!.missing.length === 0;
    if (!equal) throw new Error(`Slurm's table is another than that of --jobs 1:\n${JSON.stringify({ here, there })}`);
    if (twice !== '') throw new Error(`what was queued was submitted again: ${twice}`);
    if (restarts < 2)
      throw new Error(`${restarts} tasks went on from a checkpoint; 3 were disturbed: give --steps more`);
    const launched = await showLaunch({ cluster, folder, nats: NATS, config: sweep.config });
    const rows = [...events, ...launched].map((event) => ({ shown: event }));
    rows.push({ shown: `${restarts} times a task went on from a checkpoint; the table equals that of --jobs 1` });
    return { name: 'slurm', rows, ratios: {}, samples: { seconds: [(performance.now() - started) / 1000] } };
  } catch (error) {
    console.error(logsIn(join(folder, 'slurm')));
    throw error;
  } finally {
    if (cluster) {
      spawnSync('scancel', ['--me'], { env: cluster.env });
      await delay(1000);
      await cluster.stop();
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

type Client = SlurmCluster['run'];

/** Requeues a training, has another save and requeue itself, and cancels a third, each after it has written a checkpoint. */
async function disturb(slurm: Client, out: string): Promise<string[]> {
  const acts: readonly (readonly [string, (job: string) => void])[] = [
    ['scontrol requeue', (job) => slurm('scontrol', 'requeue', job)],
    ['scancel --signal=TERM --batch', (job) => slurm('scancel', '--signal=TERM', '--batch', job)],
    ['scancel', (job) => slurm('scancel', job)],
  ];
  const events: string[] = [];
  const seen = new Set<string>();
  while (events.length < acts.length) {
    const training = runningIn(out).find(({ run }) => !seen.has(run));
    if (!training) {
      if (slurm('squeue', '--noheader', '--me') === '') throw new Error('all tasks ended before they were disturbed');
      await delay(50);
      continue;
    }
    const [name, act] = acts[events.length]!;
    seen.add(training.run);
    act(placeOf(slurm, training.job));
    events.push(`${name}: ${training.run}`);
    console.log(events.at(-1));
  }
  return events;
}

/** `2_1` of an element of an array: the number of its last is that of the whole array, too. */
function placeOf(slurm: Client, job: string): string {
  const lines = slurm('squeue', '--noheader', '--me', '--array', '--format=%A %i').split('\n');
  const found = lines.find((line) => line.startsWith(`${job} `));
  if (!found) throw new Error(`job ${job} ended before it was disturbed: give --steps more`);
  return found.split(' ')[1]!;
}

/** Trainings that work and have a checkpoint, with their jobs, of their locks. */
function runningIn(out: string): { run: string; job: string }[] {
  const folder = join(out, 'trainings');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((run) => {
    const names = readdirSync(join(folder, run));
    const job = names.flatMap((name) => /^\.lock-.*\+(\d+)\.\d+$/.exec(name)?.[1] ?? [])[0];
    const metrics = join(folder, run, 'metrics.jsonl');
    const saved = existsSync(metrics) && readFileSync(metrics, 'utf8').includes('"type":"checkpoint"');
    return job !== undefined && saved && !names.includes('weights.safetensors') ? [{ run, job }] : [];
  });
}

async function emptied(slurm: Client): Promise<void> {
  while (slurm('squeue', '--noheader', '--me') !== '') await delay(300);
}

/** The last lines of what every job said. */
function logsIn(out: string): string {
  const logs = join(out, 'logs');
  if (!existsSync(logs)) return '';
  const tail = (name: string) => readFileSync(join(logs, name), 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  return readdirSync(logs)
    .map((name) => `${name}:\n${tail(name)}`)
    .join('\n');
}

function restartsIn(out: string): number {
  const texts = readdirSync(join(out, 'logs')).map((name) => readFileSync(join(out, 'logs', name), 'utf8'));
  return texts.join('\n').match(/continues after step/g)?.length ?? 0;
}
