import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashUniform } from '@nats/graph';
import { readWeights, type Weights } from '@nats/transfer';
import { tinyConfig, writeTinyData } from '../apps/cli/test/tiny-data.js';
import { adapterEnvironment } from '../packages/engine/test/webgpu/adapter.js';
import { type BenchResult, option } from './lib/bench.js';
import { summaryOption, writeSummary } from './lib/summary.js';

const NATS = join(import.meta.dirname, '..', 'apps', 'cli', 'dist', 'nats.js');
/** With a software adapter for WebGPU where there is no GPU. */
const environment = adapterEnvironment() ?? process.env;
const RESULTS = {
  search: ['architecture.json', 'scheme.json', 'weights.safetensors'],
  train: ['weights.safetensors', 'scheme.json', 'detections.json', 'evaluation.json'],
} as const;

/**
 * Does a run that is killed at random moments end the same, bit for bit? Searches and trainings of a tiny detector are killed
 * (SIGKILL) and started again until they end, then compared with the uninterrupted ones; further runs follow until there
 * were enough kills. A kill comes a random number of bytes of metrics.jsonl and milliseconds after the start: within a step, an
 * evaluation, a checkpoint, the end. Options: `--kills N` (default 200) over both, `--engine A,B` (default onnxruntime; each
 * has N kills), `--seed N`, `--minutes N` of an engine after which no further run begins, `--summary FILE` for the table of
 * docs/data.md, whose rows of the engines that ran are replaced.
 *
 * Engines on the processor promise the same bits: another one is a failure. GPUs do not, not even without a kill; their
 * results must have the same parts, and differences of weights are told, relative to the largest of a tensor, beside those of
 * a second uninterrupted run.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const wanted = option(args, 'kills', 200);
  const milliseconds = 60_000 * option(args, 'minutes', 1e6);
  const at = args.indexOf('--engine');
  const engines = at < 0 ? ['onnxruntime'] : args[at + 1]!.split(',');
  const random = createRandom(option(args, 'seed', 1));
  const rows: Row[] = [];
  for (const engine of engines) rows.push(...(await killEngine(engine, { wanted, milliseconds, random })));
  const different = rows.filter(({ engine }) => promisesBits(engine)).reduce((sum, row) => sum + row.different, 0);
  if (different > 0) process.exitCode = 1;
  const file = summaryOption(args);
  const command = `npm run bench -- kills ${args.join(' ')}`;
  if (file !== undefined) writeSummary(file, { command, columns: COLUMNS, rows: rows.map(summaryRow) });
  return { name: 'kills', rows: [...rows], ratios: {}, samples: { kills: rows.map(({ kills }) => kills) } };
}

interface Row extends Record<string, string | number> {
  engine: string;
  run: string;
  runs: number;
  kills: number;
  'without a kill': number;
  /** Runs whose results have other bits than the uninterrupted one's. */
  different: number;
  /** Largest difference of a weight, relative to the largest of its tensor: of runs with kills, and of a second whole run. */
  'by kills': number;
  'by chance': number;
}

const COLUMNS = ['engine, run', 'kills', 'runs that were killed', 'runs with other bits'];

function summaryRow({ engine, run, kills, runs, different, ...row }: Row): (string | number)[] {
  return [`${engine}, ${run}`, kills, runs - row['without a kill'], different];
}

const promisesBits = (engine: string) => !engine.includes('webgpu') && !engine.includes('cuda');

interface KillOptions {
  readonly wanted: number;
  readonly milliseconds: number;
  readonly random: () => number;
}

async function killEngine(engine: string, { wanted, milliseconds, random }: KillOptions): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nats-kills-'));
  const rows: Row[] = [];
  try {
    await prepare(folder, engine);
    for (const kind of ['search', 'train'] as const) {
      const command = kind === 'search' ? ['search'] : ['train', '--scheme', 'search-whole'];
      const whole = (out: string) => {
        const { status, stderr } = spawnSync(process.execPath, [NATS, ...command, '--out', out], {
          cwd: folder,
          encoding: 'utf8',
          env: environment,
        });
        if (status !== 0) throw new Error(stderr);
      };
      whole(`${kind}-whole`);
      const differenceOf = (out: string) => weightDifference(join(folder, out), join(folder, `${kind}-whole`));
      let byChance = 0;
      if (!promisesBits(engine)) {
        whole(`${kind}-again`);
        byChance = await differenceOf(`${kind}-again`);
      }
      // Each of the two has half of the time.
      const until = Date.now() + milliseconds / 2;
      const counts = { runs: 0, kills: 0, 'without a kill': 0, different: 0, 'by kills': 0, 'by chance': byChance };
      const row: Row = { engine, run: kind, ...counts };
      while (row.kills < wanted / 2 && Date.now() < until) {
        const out = `${kind}-${row.runs}`;
        let ended = false;
        let kills = 0;
        while (!ended) {
          ended = await killed([...command, '--out', out], folder, join(folder, out, 'metrics.jsonl'), random);
          if (!ended) kills++;
        }
        row.runs++;
        row.kills += kills;
        if (kills === 0) row['without a kill']++;
        const isSame = RESULTS[kind].every((file) =>
          readFileSync(join(folder, out, file)).equals(readFileSync(join(folder, `${kind}-whole`, file))),
        );
        if (!isSame) row.different++;
        row['by kills'] = Math.max(row['by kills'], await differenceOf(out));
        console.log(`${engine}, ${kind}: ${row.kills} kills in ${row.runs} runs, ${row.different} different`);
        rmSync(join(folder, out), { recursive: true });
      }
      rows.push(row);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

/** @throws Error if the runs' weights have other names or shapes */
async function weightDifference(a: string, b: string): Promise<number> {
  const [{ tensors }, { tensors: others }] = await Promise.all(
    [a, b].map((folder) => readWeights(join(folder, 'weights.safetensors'))) as [Promise<Weights>, Promise<Weights>],
  );
  if ([...tensors.keys()].join() !== [...others.keys()].join()) throw new Error(`${a} has other weights than ${b}`);
  let most = 0;
  for (const [name, { data }] of tensors) {
    const other = others.get(name)!.data;
    let [difference, largest] = [0, Number.MIN_VALUE];
    for (let i = 0; i < data.length; i++) {
      difference = Math.max(difference, Math.abs(data[i]! - other[i]!));
      largest = Math.max(largest, Math.abs(other[i]!));
    }
    most = Math.max(most, difference / largest);
  }
  return most;
}

async function prepare(folder: string, engine: string): Promise<void> {
  const fitting = { batchSize: 2, learningRate: 0.01, checkpointEvery: 3 };
  const changes = {
    engine: { name: engine, threads: 1 },
    search: { ...fitting, steps: 120, start: 10, relaxation: 'sampled' },
    train: { ...fitting, steps: 150, evaluateEvery: 40 },
  };
  const config = tinyConfig(await writeTinyData(join(folder, 'data'), 'coco'), changes);
  writeFileSync(join(folder, 'nats.config.json'), JSON.stringify(config));
}

function createRandom(seed: number): () => number {
  let k = 0;
  return () => hashUniform(seed, k++);
}

/** Runs a command that is killed at a random moment. @returns whether it came to its end before */
function killed(args: readonly string[], cwd: string, metrics: string, random: () => number): Promise<boolean> {
  const size = () => (existsSync(metrics) ? statSync(metrics).size : 0);
  // Of about 20 steps.
  const bytes = size() + Math.floor(6000 * random());
  const milliseconds = 30 * random();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [NATS, ...args], {
      cwd,
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    const watch = setInterval(() => {
      if (size() < bytes) return;
      clearInterval(watch);
      setTimeout(() => child.kill('SIGKILL'), milliseconds);
    }, 1);
    child.on('exit', (code, signal) => {
      clearInterval(watch);
      if (signal === 'SIGKILL') resolve(false);
      else if (code === 0) resolve(true);
      else reject(new Error(`exit code ${code}: ${stderr}`));
    });
  });
}
