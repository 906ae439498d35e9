import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NATS, runNatsIn } from './run-nats.js';
import { tinyConfig, writeTinyData } from './tiny-data.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-two-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const fitting = { batchSize: 2, learningRate: 0.01, checkpointEvery: 5 };
  // Longer than anybody waits: it is always stopped.
  const changes = { train: { ...fitting, steps: 1_000_000 } };
  const config = tinyConfig(await writeTinyData(join(folder, 'data'), 'coco'), changes);
  writeFileSync(join(folder, 'nats.config.json'), JSON.stringify(config));
});

const locksIn = (out: string) => readdirSync(join(folder, out)).filter((name) => name.startsWith('.lock'));

/** A training that has begun its steps. */
async function started(out: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [NATS, 'train', '--out', out], { cwd: folder, stdio: 'ignore' });
  const metrics = join(folder, out, 'metrics.jsonl');
  const stepped = () => existsSync(metrics) && readFileSync(metrics, 'utf8').includes('"step"');
  while (!stepped()) {
    expect(child.exitCode).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return child;
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill(signal);
  });
}

test('a second process in a run directory is told who has it; the run goes on, and Ctrl-C frees it', async () => {
  const first = await started('run');
  try {
    for (const args of [['train'], ['train', '--no-evaluate']]) {
      const { code, stdout, stderr } = runNatsIn(folder, ...args, '--out', 'run');
      // Images and weights are looked at before the run is opened; progress is indented.
      const messages = stderr
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('  '));
      expect(messages).toEqual([
        expect.stringMatching(/^No weights\.file: /),
        expect.stringMatching(/^nats: run is in use: process \d+ on .* works there since .*Z; wait for its end, or/),
      ]);
      expect(stderr).toContain(`process ${first.pid} on ${hostname()}`);
      expect([code, stdout]).toEqual([1, '']);
    }
    // Looking is allowed.
    expect(runNatsIn(folder, 'inspect', 'run', 'run').code).toBe(0);
    expect(first.exitCode).toBeNull();
    expect(locksIn('run')).toHaveLength(1);
  } finally {
    expect(await ended(first, 'SIGINT')).toBe(130);
  }
  expect(locksIn('run')).toEqual([]);
  const commands = readFileSync(join(folder, 'run', 'commands.jsonl'), 'utf8')
    .trim()
    .split('\n');
  expect(commands, 'those that were refused have made nothing').toHaveLength(1);
});

test('what a killed process left is taken over', async () => {
  await ended(await started('killed'), 'SIGKILL');
  const [left] = locksIn('killed');
  expect(left).toBeDefined();
  const next = await started('killed');
  // It has not begun before the other's lock was gone.
  while (locksIn('killed').includes(left!)) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(locksIn('killed')).toEqual([expect.stringContaining(`-${next.pid}-`)]);
  expect(await ended(next, 'SIGINT')).toBe(130);
  expect(locksIn('killed')).toEqual([]);
});

test('an error frees it', () => {
  const { code } = runNatsIn(folder, 'train', '--out', 'failed', '--set', 'train.learningRate=1e30', '--steps', '20');
  expect(code).toBe(1);
  expect(existsSync(join(folder, 'failed', 'run.json'))).toBe(true);
  expect(locksIn('failed')).toEqual([]);
});
