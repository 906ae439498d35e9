import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tensorData } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { almostFullDisk } from '../../test/support/full-disk.js';
import type { Checkpoint } from './checkpoint.js';
import { checkpointDirectory } from './directory.js';
import { CheckpointError, CheckpointWriteError } from './errors.js';

function checkpointAt(step: number): Checkpoint {
  return {
    step,
    seed: 7,
    config: { optimizer: { kind: 'adam', betas: [0.9, 0.999] }, note: null },
    engine: { engine: 'reference', threads: 2 },
    values: new Map([
      ['conv.weight', tensorData('float32', [2, 3], [0.1, -0, 1e-40, step, 3e38, 1])],
      ['optimizer.step', tensorData('int32', [], [step])],
      ['mask', tensorData('bool', [2], [0, 1])],
    ]),
  };
}

const tensorFiles = async (directory: string) =>
  (await readdir(directory)).filter((name) => name.endsWith('.safetensors'));

async function problemOf(directory: string, name = 'last'): Promise<string> {
  const error = await checkpointDirectory(directory)
    .load(name)
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(CheckpointError);
  return (error as CheckpointError).problem;
}

describe('a checkpoint', () => {
  test('comes back bit for bit, with all that is said about it', async () => {
    const directory = join(await temporaryDirectory(), 'deep', 'inside');
    const saved = { ...checkpointAt(3), best: { step: 2, metric: 'accuracy', value: 0.5 }, evaluated: 2 };
    const store = checkpointDirectory(directory);
    await store.save(['last'], saved);
    expect(await readdir(directory)).toContain('last.json');
    expect(store.placeOf('last')).toBe(join(directory, 'last.json'));
    expect(await checkpointDirectory(directory).has('last')).toBe(true);
    const loaded = await checkpointDirectory(directory).load('last');
    expect(loaded).toEqual(saved);
    expect(Object.is(loaded.values.get('conv.weight')!.data[1], -0)).toBe(true);
  });

  test('shares its tensors between names, and leaves no file that no name means', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'mine.safetensors'), 'not ours');
    await writeFile(join(directory, `.last.json.${crypto.randomUUID()}.tmp`), 'left by a crash');
    await checkpointDirectory(directory).save(['last', 'best'], checkpointAt(1));
    expect(await tensorFiles(directory)).toHaveLength(2);
    await checkpointDirectory(directory).save(['last'], checkpointAt(2));
    for (const step of [3, 4]) await checkpointDirectory(directory).save(['last'], checkpointAt(step));
    expect((await tensorFiles(directory)).map((name) => name.slice(0, 11))).toEqual([
      'mine.safete',
      'step-000001',
      'step-000003',
      'step-000004',
    ]);
    expect((await checkpointDirectory(directory).load('best')).step).toBe(1);
    expect((await checkpointDirectory(directory).load('last')).step).toBe(4);
    expect((await checkpointDirectory(directory).loadPrevious!()).step).toBe(3);
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('next to a JSON file of someone else keeps every tensor file', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'notes.json'), '{}');
    for (const step of [1, 2]) await checkpointDirectory(directory).save(['last'], checkpointAt(step));
    expect(await tensorFiles(directory)).toHaveLength(2);
  });
});

describe('the generation before', () => {
  test('stays when the last one was found damaged, until there is another', async () => {
    const directory = await temporaryDirectory();
    for (const step of [1, 2]) await checkpointDirectory(directory).save(['last'], checkpointAt(step));
    const [, second] = await tensorFiles(directory);
    const bytes = await readFile(join(directory, second!));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(directory, second!), bytes);
    const store = checkpointDirectory(directory);
    expect(await problemOf(directory)).toBe('damaged');
    expect(await store.loadPrevious!()).toEqual(checkpointAt(1));
    await store.save(['last'], checkpointAt(3));
    expect((await checkpointDirectory(directory).loadPrevious!()).step).toBe(1);
    await store.save(['last'], checkpointAt(4));
    expect((await checkpointDirectory(directory).loadPrevious!()).step).toBe(3);
    expect(await tensorFiles(directory)).toHaveLength(2);
  });

  test('counts as a checkpoint where the last one is lost', async () => {
    const directory = await temporaryDirectory();
    for (const step of [1, 2]) await checkpointDirectory(directory).save(['last'], checkpointAt(step));
    await rm(join(directory, 'last.json'));
    expect(await checkpointDirectory(directory).has('last')).toBe(true);
    expect(await checkpointDirectory(directory).has('best')).toBe(false);
    expect(await problemOf(directory)).toBe('missing');
  });
});

describe('a checkpoint is not continued from', () => {
  async function savedDirectory() {
    const directory = await temporaryDirectory();
    await checkpointDirectory(directory).save(['best'], checkpointAt(1));
    await checkpointDirectory(directory).save(['last'], checkpointAt(2));
    const [first, second] = (await tensorFiles(directory)).map((name) => join(directory, name));
    return { directory, first: first!, second: second!, json: join(directory, 'last.json') };
  }

  test('if there is none', async () => {
    const directory = await temporaryDirectory();
    expect(await problemOf(directory)).toBe('missing');
    expect(await checkpointDirectory(join(directory, 'nowhere')).has('last')).toBe(false);
    expect(await problemOf(join(directory, 'nowhere'))).toBe('missing');
  });

  test('if its tensors are truncated', async () => {
    const { directory, second } = await savedDirectory();
    await truncate(second, (await readFile(second)).length - 1);
    await expect(checkpointDirectory(directory).load('last')).rejects.toThrow(
      /bytes were written; continue from another checkpoint/,
    );
    expect(await problemOf(directory)).toBe('damaged');
    expect(await problemOf(directory, 'best').catch(() => 'fine')).toBe('fine');
  });

  test('if its tensors are those of another checkpoint of the same size', async () => {
    const { directory, first, second } = await savedDirectory();
    await writeFile(second, await readFile(first));
    await expect(checkpointDirectory(directory).load('last')).rejects.toThrow(/SHA-256/);
    expect(await problemOf(directory)).toBe('damaged');
  });

  test('if its tensors are gone', async () => {
    const { directory, json } = await savedDirectory();
    await writeFile(json, (await readFile(json, 'utf8')).replace(/step-\d+-/, 'step-9-'));
    expect(await problemOf(directory)).toBe('damaged');
  });

  test.each([
    ['truncated', (text: string) => text.slice(0, 100), 'damaged'],
    ['no object', () => '[]', 'damaged'],
    ['of another kind', () => '{"format": "scheme"}', 'damaged'],
    ['without a step', (text: string) => text.replace('"step": 2', '"step": -2'), 'damaged'],
    ['pointing outside its folder', (text: string) => text.replace('"step-', '"../step-'), 'damaged'],
    ['of a later version', (text: string) => text.replace('"version": 1', '"version": 2'), 'version'],
  ])('if its JSON is %s', async (_, edit, problem) => {
    const { directory, json } = await savedDirectory();
    await writeFile(json, edit(await readFile(json, 'utf8')));
    expect(await problemOf(directory)).toBe(problem);
  });
});

describe('a full disk', () => {
  test.each([
    ['at once', 0],
    ['within the tensors', 200],
    ['within the JSON', 450],
  ])('%s leaves the checkpoint before, and nothing half-written', async (_, bytes) => {
    const directory = await temporaryDirectory();
    await checkpointDirectory(directory).save(['last'], checkpointAt(1));
    const disk = almostFullDisk(bytes);
    const error = await checkpointDirectory(directory, disk)
      .save(['last'], checkpointAt(2))
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CheckpointWriteError);
    expect((error as CheckpointWriteError).code).toBe('ENOSPC');
    expect((error as CheckpointWriteError).message).toMatch(/free at least 1 MiB .*previous checkpoint \(step 1\)/);
    expect(await checkpointDirectory(directory).load('last')).toEqual(checkpointAt(1));
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await checkpointDirectory(directory).save(['last'], checkpointAt(3));
    expect((await checkpointDirectory(directory).loadPrevious!()).step).toBe(1);
    expect(await tensorFiles(directory)).toHaveLength(2);
  });
});
