import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashUniform } from '@nats/graph';
import { tinyConfig, writeTinyData } from '../apps/cli/test/tiny-data.js';
import { type BenchResult, option } from './lib/bench.js';

const NATS = join(import.meta.dirname, '..', 'apps', 'cli', 'dist', 'nats.js');
const RESULTS = {
  search: ['architecture.json', 'scheme.json', 'weights.safetensors'],
  train: ['weights.safetensors', 'scheme.json', 'detections.json', 'evaluation.json'],
} as const;

/**
 * Does a run that is killed at random moments end the same, bit for bit? Searches and trainings of a tiny detector are killed
 * (SIGKILL) and started again until they end, then compared with the uninterrupted ones; further runs follow until there
 * were enough kills. A kill comes a random number of bytes of metrics.jsonl and milliseconds after the start: within a step, an
 * evaluation, a checkpoint, the end. Options: `--kills N` (default 200) over both, `--engine NAME` (default onnxruntime),
 * `--seed N`, `--minutes N` after which no further run begins.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const wanted = option(args, 'kills', 200);
  const milliseconds = 60_000 * option(args, 'minutes', 1e6);
  const at = args.indexOf('--engine');
  const engine = at < 0 ? 'onnxruntime' : args[at + 1]!;
  const folder = mkdtempSync(join(tmpdir(), 'nats-kills-'));
  const random = createRandom(option(args, 'seed', 1));
  const rows: Record<string, string | number>[] = [];
  try {
    await prepare(folder, engine);
    for (const kind of ['search', 'train'] as const) {
      const command = kind === 'search' ? ['search'] : ['train', '--scheme', 'search-whole'];
      const whole = spawnSync(process.execPath, [NATS, ...command, '--out', `${kind}-whole`], {
        cwd: folder,
        encoding: 'utf8',
      });
      if (whole.status !== 0) throw new Error(whole.stderr);
      // Each of the two has half of the time.
      const until = Date.now() + milliseconds / 2;
      const row = { run: kind, runs: 0, kills: 0, 'without a kill': 0, different: 0 };
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
        console.log(`${kind}: ${row.kills} kills in ${row.runs} runs, ${row.different} different`);
        rmSync(join(folder, out), { recursive: true });
      }
      rows.push({ engine, ...row });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const different = rows.reduce((sum, row) => sum + Number(row.different), 0);
  if (different > 0) process.exitCode = 1;
  return { name: 'kills', rows, ratios: {}, samples: { kills: rows.map(({ kills }) => Number(kills)) } };
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
    const child = spawn(process.execPath, [NATS, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
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
