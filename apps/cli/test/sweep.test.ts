import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NATS, runNatsIn } from './run-nats.js';
import { tinyConfig, writeTinyData } from './tiny-data.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-sweep-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...path: string[]) => join(folder, ...path);

const VARIANTS = { original: { steps: ['train', 'evaluate'] }, searched: {} };

beforeAll(async () => {
  const base = tinyConfig(await writeTinyData(at('data'), 'coco'));
  const fitting = { batchSize: 4, learningRate: 0.01, checkpointEvery: 5 };
  const config = { ...base, search: { ...fitting, steps: 3, start: 1 }, train: { ...fitting, steps: 20 } };
  writeFileSync(at('nats.config.json'), JSON.stringify(config));
  for (const name of ['whole', 'stopped']) {
    writeFileSync(at(`${name}.json`), JSON.stringify({ seeds: [1], variants: VARIANTS }));
  }
});

const begin = (...args: string[]) =>
  spawn(process.execPath, [NATS, 'sweep', ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });

function ended(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = '';
  child.stderr!.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
}

const results = (name: string) => {
  const { name: _name, ...rest } = JSON.parse(readFileSync(at(name, 'results.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  return rest;
};

test('stopped, killed and started twice, a sweep ends as one that was left alone; nothing is done twice', async () => {
  const whole = runNatsIn(folder, 'sweep', 'run', 'whole.json');
  expect(whole.code, whole.stderr).toBe(0);
  expect(whole.stdout).toBe('3 done, 0 failed, 0 not begun because of these\n');
  const page = runNatsIn(folder, 'sweep', 'collect', 'whole.json');
  expect(page.code, page.stderr).toBe(0);
  expect(page.stdout).toMatch(/\| searched \| 1 \|.*\| [+-][\d.]+ \|/);
  expect(readFileSync(at('whole', 'report.html'), 'utf8')).toContain('searched-seed-1');

  // Stopped when a training has made steps.
  const first = begin('run', 'stopped.json', '--jobs', '2');
  const stopping = ended(first);
  const begun = () =>
    existsSync(at('stopped', 'trainings')) &&
    readdirSync(at('stopped', 'trainings')).some((run) => existsSync(at('stopped', 'trainings', run, 'checkpoints')));
  while (!begun()) await new Promise((resolve) => setTimeout(resolve, 10));
  first.kill('SIGTERM');
  const stopped = await stopping;
  expect(stopped.code, stopped.stderr).toBe(75);
  expect(stopped.stderr).toContain('To go on: nats sweep run stopped.json --jobs 2');

  // A runner is killed, its task goes on; two others begin at the same time.
  const killed = begin('run', 'stopped.json');
  const killing = ended(killed);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  killed.kill('SIGKILL');
  await killing;
  const both = await Promise.all([
    ended(begin('run', 'stopped.json')),
    ended(begin('resume', 'stopped.json', '--jobs', '2')),
  ]);
  for (const { code, stderr } of both) expect(code, stderr).toBe(0);
  const status = runNatsIn(folder, 'sweep', 'status', 'stopped.json', '--json');
  expect((JSON.parse(status.stdout) as { state: string }[]).map(({ state }) => state)).toEqual(Array(3).fill('done'));
  expect(runNatsIn(folder, 'sweep', 'collect', 'stopped.json', '--no-report').code).toBe(0);
  expect(results('stopped')).toEqual(results('whole'));
  for (const run of readdirSync(at('whole', 'trainings'))) {
    const [a, b] = ['whole', 'stopped'].map((name) => readFileSync(at(name, 'trainings', run, 'weights.safetensors')));
    expect(Buffer.compare(a!, b!), run).toBe(0);
    const steps = readFileSync(at('stopped', 'trainings', run, 'metrics.jsonl'), 'utf8').match(/"type":"step"/g);
    expect(steps, run).toHaveLength(20);
  }
});

test('a task is done by its place, and asks to be started again where another has to come before', () => {
  writeFileSync(at('indexed.json'), JSON.stringify({ variants: { searched: {} } }));
  const early = runNatsIn(folder, 'sweep', 'task', 'indexed.json', '1');
  expect(early.code, early.stderr).toBe(75);
  expect(early.stderr).toContain('trainings/searched-seed-0 waits for searches/searched-seed-0');
  expect(runNatsIn(folder, 'sweep', 'task', 'indexed.json', '0').code).toBe(0);
  expect(runNatsIn(folder, 'sweep', 'status', 'indexed.json').stdout).toMatch(
    /searches.* done(.*\n)+trainings.* ready/,
  );
});

test('what fails is told, leaves the others alone, and is tried again when asked', () => {
  const variants = { original: VARIANTS.original, wild: { ...VARIANTS.original, set: { 'train.learningRate': 1e30 } } };
  writeFileSync(at('failing.json'), JSON.stringify({ variants, steps: ['train'] }));
  const { code, stdout, stderr } = runNatsIn(folder, 'sweep', 'run', 'failing.json');
  expect([code, stdout]).toEqual([1, '1 done, 1 failed, 0 not begun because of these\n']);
  expect(stderr).toMatch(/trainings\/wild-seed-0: failed: .*finite/);
  expect(stderr).toContain('to try again: nats sweep resume failing.json');
  expect(runNatsIn(folder, 'sweep', 'status', 'failing.json').stdout).toMatch(/wild-seed-0 +failed +.*finite/);
  // Not again by itself.
  const again = runNatsIn(folder, 'sweep', 'run', 'failing.json');
  expect(again.stderr).not.toContain('begins');
  const resumed = runNatsIn(folder, 'sweep', 'resume', 'failing.json');
  expect(resumed.stderr).toContain('trainings/wild-seed-0: begins');
  expect(resumed.code).toBe(1);
});
