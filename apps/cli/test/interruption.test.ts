import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashUniform } from '@nats/graph';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NATS, runNatsIn } from './run-nats.js';
import { tinyConfig, writeTinyData } from './tiny-data.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-interrupted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SEED = 1;
/** Interruptions of each of the two runs; every other one is a SIGKILL. `npm run bench -- kills` has hundreds. */
const INTERRUPTIONS = 6;

beforeAll(async () => {
  const fitting = { batchSize: 2, learningRate: 0.01, checkpointEvery: 3 };
  const changes = {
    search: { ...fitting, steps: 120, start: 10, relaxation: 'sampled' },
    train: { ...fitting, steps: 150, evaluateEvery: 40 },
  };
  const config = tinyConfig(await writeTinyData(join(folder, 'data'), 'coco'), changes);
  writeFileSync(join(folder, 'nats.config.json'), JSON.stringify(config));
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Runs a command and sends it a signal when a file has grown by a number of bytes, or after it was written `steps` lines. */
function interrupted(
  args: readonly string[],
  metrics: string,
  steps: number,
  signal: 'SIGINT' | 'SIGKILL',
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [NATS, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    const before = linesIn(metrics);
    // Looking at the file costs the run nothing; at 0 lines the signal comes while the command starts.
    const watch = setInterval(() => {
      if (linesIn(metrics) - before < steps) return;
      child.kill(signal);
      clearInterval(watch);
    }, 2);
    child.on('exit', (code, sent) => {
      clearInterval(watch);
      resolve({ code, signal: sent, stderr });
    });
  });
}

function linesIn(path: string): number {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length : 0;
}

const stepsIn = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; step: number; loss: number })
    .filter(({ type }) => type === 'step')
    .map(({ step, loss }) => [step, loss]);

/** Interrupts until the command has come to its end, and compares what is left with the uninterrupted run. */
async function compare(name: string, args: readonly string[], results: readonly string[]): Promise<void> {
  const whole = runNatsIn(folder, ...args, '--out', `${name}-whole`);
  expect(whole.stderr).not.toContain('nats: ');
  expect(whole.code).toBe(0);

  const out = `${name}-interrupted`;
  const metrics = join(folder, out, 'metrics.jsonl');
  const signals: string[] = [];
  for (let i = 0; i < INTERRUPTIONS; i++) {
    const signal = i % 2 === 0 ? 'SIGKILL' : 'SIGINT';
    const steps = i === 0 ? 0 : 1 + Math.floor(12 * hashUniform(SEED, i));
    const ended = await interrupted([...args, '--out', out], metrics, steps, signal);
    expect(ended.code, `interruption ${i}: ${ended.stderr}`).not.toBe(0);
    signals.push(ended.signal ?? String(ended.code));
    if (signal === 'SIGINT' && ended.code !== null) {
      expect(ended.code).toBe(130);
      expect(ended.stderr).toContain(`To go on: nats ${args.join(' ')} --out ${out}`);
    }
  }
  // Interrupted on its way, not before or after it.
  expect(signals).toContain('130');
  expect(signals).toContain('SIGKILL');
  const { code, stderr } = runNatsIn(folder, ...args, '--out', out);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('continues after step');
  for (const file of results) {
    const [a, b] = [`${name}-whole`, out].map((run) => readFileSync(join(folder, run, file)));
    expect(Buffer.compare(a!, b!), file).toBe(0);
  }
  expect(stepsIn(metrics)).toEqual(stepsIn(join(folder, `${name}-whole`, 'metrics.jsonl')));
}

test('a search that is interrupted at random moments finds the same, bit for bit', async () => {
  await compare('search', ['search'], ['architecture.json', 'scheme.json']);
});

test('a training that is interrupted at random moments ends the same, bit for bit', async () => {
  const args = ['train', '--scheme', 'search-whole'];
  await compare('train', args, ['weights.safetensors', 'scheme.json', 'detections.json', 'evaluation.json']);
});
