import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { UsageError } from '../usage-error.js';
import { readCommands } from './command-log.js';
import { claimRun, isRun, type RunClaim, readRun } from './run-directory.js';

const root = mkdtempSync(join(tmpdir(), 'nats-run-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a run that goes on elsewhere keeps where it began and says where each command ran', async () => {
  const folder = join(root, 'run');
  const claim = {
    kind: 'train',
    settings: { steps: 1 },
    config: {},
    command: 'nats train',
  } satisfies Partial<RunClaim>;
  expect(await claimRun(folder, { ...claim, environment: { node: '20.1.0', threads: 1 } })).toBe(false);
  expect(await claimRun(folder, { ...claim, environment: { node: '22.0.0', threads: 2 } })).toBe(true);
  const began = JSON.parse(readFileSync(join(folder, 'environment.json'), 'utf8'));
  expect(began).toEqual({ node: '20.1.0', threads: 1 });
  expect((await readCommands(folder)).map(({ command, environment }) => ({ command, ...environment }))).toEqual([
    { command: 'nats train', node: '20.1.0', threads: 1 },
    { command: 'nats train', node: '22.0.0', threads: 2 },
  ]);
});

const claimOf = (settings: unknown, kind: RunClaim['kind'] = 'train'): RunClaim => ({
  kind,
  settings,
  config: settings,
  environment: {},
  command: 'nats',
});

/** A run directory as a training leaves it. */
async function begun(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(root, name);
  await claimRun(folder, claimOf({ steps: 1 }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

test('a run may grow by the number that it names; what it ended with is kept apart', async () => {
  const of = (steps: number, growing?: string, seed = 0): RunClaim => ({
    ...claimOf({ seed, train: { steps } }),
    ...(growing && { growing }),
  });
  const folder = join(root, 'grown');
  await claimRun(folder, of(400));
  const files = ['weights.safetensors', 'evaluation.json', 'metrics.jsonl', 'scheme.json'];
  for (const file of files) writeFileSync(join(folder, file), `${file} of 400`);
  await expect(claimRun(folder, of(1000))).rejects.toThrow('train.steps: 400, here 1000');
  await expect(claimRun(folder, of(300, 'train.steps'))).rejects.toThrow('train.steps: 400, here 300');
  await expect(claimRun(folder, of(1000, 'train.steps', 1))).rejects.toThrow('seed: 0, here 1');
  expect(files.every((file) => existsSync(join(folder, file)))).toBe(true);

  expect(await claimRun(folder, of(1000, 'train.steps'))).toBe(true);
  expect((await readRun(folder)).settings).toEqual({ seed: 0, train: { steps: 1000 } });
  expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).train.steps).toBe(1000);
  const kept = (...parts: string[]) => readFileSync(join(folder, ...parts), 'utf8');
  expect(kept('after-400-steps', 'weights.safetensors')).toBe('weights.safetensors of 400');
  expect(kept('after-400-steps', 'evaluation.json')).toBe('evaluation.json of 400');
  expect(kept('metrics.jsonl')).toBe('metrics.jsonl of 400');
  expect(existsSync(join(folder, 'weights.safetensors'))).toBe(false);
  // Interrupted, it goes on.
  expect(await claimRun(folder, of(1000, 'train.steps'))).toBe(true);
});

describe('a run with other settings', () => {
  test.each([
    ['nothing', {}],
    ['a start and a failure', { 'metrics.jsonl': '{"type":"start","step":0}\n{"type":"failure","step":0}\n' }],
    ['a scheme', { 'scheme.json': '{}' }],
  ])('that left %s is replaced by the corrected command', async (name, files) => {
    const folder = await begun(`failed ${name}`, files);
    expect(await claimRun(folder, claimOf({ steps: 2 }))).toBe(false);
    expect((await readRun(folder)).settings).toEqual({ steps: 2 });
    expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))).toEqual({ steps: 2 });
    for (const file of Object.keys(files)) expect(existsSync(join(folder, file))).toBe(false);
  });

  test.each([
    ['a step', { 'metrics.jsonl': '{"type":"step","step":1}\n' }],
    ['a checkpoint', { 'checkpoints/step-000001.safetensors': '' }],
    ['weights', { 'weights.safetensors': '' }],
  ])('that left %s is refused with what differs, and stays', async (name, files) => {
    const folder = await begun(`done ${name}`, files);
    const refused = claimRun(folder, claimOf({ steps: 2 }));
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow('steps: 1, here 2');
    expect((await readRun(folder)).settings).toEqual({ steps: 1 });
    for (const [file, text] of Object.entries(files)) expect(readFileSync(join(folder, file), 'utf8')).toBe(text);
  });
});

test('a run of another kind is named', async () => {
  const folder = await begun('kind', { 'weights.safetensors': '' });
  await expect(claimRun(folder, claimOf({ steps: 1 }, 'search'))).rejects.toThrow(
    'is a run of nats train, not of nats search',
  );
});

test('a directory that is no run is refused, and nothing is put into it', async () => {
  const folder = join(root, 'photos');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.png'), '');
  await expect(claimRun(folder, claimOf({}))).rejects.toThrow(/holds files that are no run of nats \(a\.png\)/);
  expect(isRun(folder)).toBe(false);
  await expect(readRun(folder)).rejects.toThrow('is no run directory');
  await expect(readRun(join(root, 'absent'))).rejects.toThrow('there is nothing of that name');
});

test('a folder of runs in the place of one is told with its runs', async () => {
  const folder = await begun(join('study', 'search'), {});
  await expect(readRun(join(root, 'study'))).rejects.toThrow(`runs below it: ${folder}`);
});

test('another layout, and a file that is no description, are errors', async () => {
  const folder = await begun('layout', {});
  const path = join(folder, 'run.json');
  const record = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...record, version: record.version + 1 }));
  await expect(readRun(folder)).rejects.toThrow(/another version of nats/);
  writeFileSync(path, JSON.stringify({ ...record, format: 'other' }));
  await expect(readRun(folder)).rejects.toThrow(/run\.json, format: received .*"nats-run"/);
});
