import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { collectSweep } from './collect.js';
import { collectMarkdown } from './collect-markdown.js';
import { loadSweep } from './load-sweep.js';
import { planSweep } from './plan.js';
import { submitSweep } from './run-slurm.js';
import { sweepRuns } from './sweep-runs.js';
import { hasBegun, isDone, noteFailure, readFailure, resultOf, taskStates } from './task-state.js';

const root = mkdtempSync(join(tmpdir(), 'nats-sweep-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const BASE = { data: { format: 'mnist', train: 20, val: 8 }, backbone: { name: 'demo-resnet' } };

/** A sweep file in a folder of its own. */
async function sweepOf(content: Record<string, unknown>) {
  const folder = mkdtempSync(join(root, 'sweep-'));
  writeFileSync(join(folder, 'study.json'), JSON.stringify({ config: BASE, ...content }));
  return loadSweep(join(folder, 'study.json'));
}

const TWO = {
  seeds: [1, 2],
  variants: {
    original: { steps: ['train', 'evaluate', 'latency'] },
    searched: {},
    longer: { set: { 'train.steps': 9 }, steps: ['search', 'train', 'evaluate', 'latency'] },
    wider: { set: { 'space.genotypes': ['1', '5'] } },
  },
} as const;

test('a plan has searches first, shares those that would be the same, and times one seed of all at the end', async () => {
  const tasks = planSweep(await sweepOf(TWO));
  expect(tasks.map(({ id, needs }) => [id, ...needs])).toEqual([
    ['searches/searched-seed-1'],
    ['searches/searched-seed-2'],
    ['searches/wider-seed-1'],
    ['searches/wider-seed-2'],
    ['trainings/original-seed-1'],
    ['trainings/original-seed-2'],
    ['trainings/searched-seed-1', 'searches/searched-seed-1'],
    ['trainings/searched-seed-2', 'searches/searched-seed-2'],
    ['trainings/longer-seed-1', 'searches/searched-seed-1'],
    ['trainings/longer-seed-2', 'searches/searched-seed-2'],
    ['trainings/wider-seed-1', 'searches/wider-seed-1'],
    ['trainings/wider-seed-2', 'searches/wider-seed-2'],
    ['latency', 'trainings/original-seed-1', 'trainings/longer-seed-1'],
  ]);
  const { config } = tasks.find(({ id }) => id === 'trainings/longer-seed-2')!;
  expect([config.seed, config.train.steps]).toEqual([2, 9]);
});

test('one pretraining and one search serve all seeds where they have a seed of their own', async () => {
  const tasks = planSweep(
    await sweepOf({
      seeds: [1, 2],
      pretrainSeed: 7,
      searchSeed: 8,
      set: { 'train.steps': 5 },
      steps: ['pretrain', 'search', 'train'],
      variants: {
        original: { steps: ['pretrain', 'train'], set: { 'train.steps': 6 } },
        searched: {},
        random: { scheme: { pattern: 'random' } },
        again: { searchSeed: 9 },
      },
    }),
  );
  const [pretraining, search, again] = [
    ...['pretrainings/original-seed-7', 'searches/searched-seed-8', 'searches/again-seed-9'],
  ];
  expect(tasks.map(({ id, needs }) => [id, ...needs])).toEqual([
    [pretraining],
    [search, pretraining],
    [again, pretraining],
    ['trainings/original-seed-1', pretraining],
    ['trainings/original-seed-2', pretraining],
    ...['searched', 'random'].flatMap((name) =>
      [1, 2].map((seed) => [`trainings/${name}-seed-${seed}`, pretraining, search]),
    ),
    ...[1, 2].map((seed) => [`trainings/again-seed-${seed}`, pretraining, again]),
  ]);
  const named = (name: string) => tasks.find(({ id }) => id === name)!;
  expect(tasks.slice(0, 3).map(({ config }) => config.seed)).toEqual([7, 8, 9]);
  const { config } = named('trainings/searched-seed-2');
  expect([config.seed, config.train.steps, config.weights.file]).toEqual([2, 5, named(pretraining!).folder]);
  expect(named('trainings/original-seed-1').config.train.steps).toBe(6);
});

test.each([
  [{ variants: { a: { sets: {} } } }, /unknown key 'variants\.a\.sets'; did you mean 'set'/],
  [{ variants: { a: { set: { 'train.step': 1 } } } }, /variants\.a: unknown key 'train\.step'; did you mean 'steps'/],
  [{ variants: { a: {} }, baseline: 'b' }, /there is no variant 'b'; there is a/],
  [{ variants: { a: { scheme: 'x.json' } } }, /variants\.a: either a scheme or the step search/],
  [{ variants: { a: { steps: ['evaluate'] } } }, /variants\.a\.steps: evaluate needs train/],
  [{ variants: { '../a': {} } }, /letters, digits/],
  [{ variants: { a: { scheme: { pattern: 'uniform' } } } }, /variants\.a\.scheme.*uniform has one dilation/],
  [{ variants: { a: { steps: ['train'], scheme: { pattern: 'random' } } } }, /random needs the step search/],
  [{ variants: { a: { steps: ['train'], scheme: { pattern: 'cyclic', genotypes: ['7'] } } } }, /'7' is none of space/],
  [{ variants: {} }, /at least one variant/],
  [{}, /variants: .*an object with at least one variant by name/],
  [{ variants: { a: {}, A: {} } }, /variants: names that differ in more than capitals/],
  [{ variants: { a: {} }, config: 'nope.json' }, /config: there is no .*nope\.json; name the base config/],
  [{ variants: { a: {} }, seeds: [1, 1] }, /seeds: different numbers/],
])('a sweep file is refused with what is wrong and where: %#', async (content, message) => {
  await expect(sweepOf(content)).rejects.toThrow(message);
});

test('a variant that is there twice is refused, and a scheme that is not there before anything is begun', async () => {
  const folder = mkdtempSync(join(root, 'sweep-'));
  const file = join(folder, 'study.json');
  writeFileSync(file, `{"config": ${JSON.stringify(BASE)}, "variants": {"a": {}, "b": {}, "a": {}}}`);
  await expect(loadSweep(file)).rejects.toThrow(/'variants\.a' is there twice/);
  const sweep = await sweepOf({ variants: { a: { steps: ['train'], scheme: 'gone.json' } } });
  const options = { command: ['true'] as const, retry: false, dry: true };
  await expect(submitSweep(sweep, options)).rejects.toThrow(/variants\.a\.scheme: there is no .*gone\.json/);
  expect(await hasBegun(sweep)).toBe(false);
});

/** As if a task had been done. */
function finish(task: ReturnType<typeof planSweep>[number], content: unknown = {}): void {
  mkdirSync(task.folder, { recursive: true });
  writeFileSync(resultOf(task), JSON.stringify(content));
}

test('states are those of files: what a failure blocks, what waits, what may begin', async () => {
  const sweep = await sweepOf({ seeds: [1], variants: { a: {}, b: { set: { 'search.steps': 9 } } } });
  const tasks = planSweep(sweep);
  const states = async () => Object.fromEntries(await taskStates(sweep, tasks));
  expect(await states()).toEqual({
    'searches/a-seed-1': 'ready',
    'searches/b-seed-1': 'ready',
    'trainings/a-seed-1': 'waiting',
    'trainings/b-seed-1': 'waiting',
  });
  finish(tasks[0]!);
  await noteFailure(sweep, 'searches/b-seed-1', 'the loss is NaN');
  expect(await states()).toEqual({
    'searches/a-seed-1': 'done',
    'searches/b-seed-1': 'failed',
    'trainings/a-seed-1': 'ready',
    'trainings/b-seed-1': 'blocked',
  });
  expect(isDone(tasks[0]!)).toBe(true);
});

test('results are means, deviations, and differences of equal seeds with intervals; what is missing is named', async () => {
  const sweep = await sweepOf({
    seeds: [1, 2, 3],
    baseline: ['original', 'searched'],
    variants: { original: { steps: ['train', 'evaluate'] }, searched: {} },
  });
  const values = {
    'original-seed-1': 0.5,
    'original-seed-2': 0.3,
    'original-seed-3': 0.4,
    'searched-seed-1': 0.53,
    'searched-seed-2': 0.31,
  };
  for (const task of planSweep(sweep)) {
    const ap = values[task.id.split('/')[1] as keyof typeof values];
    // Twelve numbers; no large objects.
    if (task.kind === 'train' && ap !== undefined)
      finish(task, {
        stats: [ap, 0.6, 0.2, 0.1, 0.2, -1, ...Array(6).fill(0.5)],
        perCategory: {},
        text: '',
        images: 8,
      });
  }
  const results = await collectSweep(sweep);
  const [original, searched] = results.variants;
  expect(original!.metrics.AP).toMatchObject({ mean: expect.closeTo(0.4, 12), deviation: expect.closeTo(0.1, 12) });
  expect(searched!.seeds).toEqual([1, 2]);
  expect(searched!.metrics).not.toHaveProperty('APlarge');
  // Of 0.03 and 0.01: 0.02 ± 12.706 * 0.01414 / sqrt 2.
  expect(searched!.metrics.AP!.difference).toMatchObject({
    mean: expect.closeTo(0.02, 12),
    interval: [expect.closeTo(0.02 - 0.12706, 8), expect.closeTo(0.02 + 0.12706, 8)],
    paired: true,
    verdict: 'within',
  });
  expect(original!.metrics.AP).not.toHaveProperty('difference');
  expect(original!.metrics.AP!.differences!.searched!.mean).toBeCloseTo(-0.02, 12);
  expect(results.missing).toEqual(expect.arrayContaining(['searches/searched-seed-3', 'trainings/searched-seed-3']));
  expect(sweepRuns(sweep).map(({ id }) => id.split('/')[1])).toEqual(Object.keys(values));
  const markdown = collectMarkdown(results);
  expect(markdown).toMatch(/\| original \| 3 \| 40\.0 ± 10\.0 \|.*\| {2}\| -2\.0 \(-14\.7 to \+10\.7\) \|/);
  expect(markdown).toContain('AP less original | AP less searched');
  expect(markdown).toMatch(/\| searched \| 2 \| 42\.0 ± 15\.6 \|.*\| \+2\.0 \(-10\.7 to \+14\.7\) \| {2}\|/);
  expect(markdown).toContain('Not done: searches/searched-seed-1');
});

test('for Slurm: arrays by what they wait for, resources, and a script that requeues itself', async () => {
  const slurm = {
    partition: 'long',
    time: '1:00:00',
    cpusPerTask: 8,
    environment: { A: "it's" },
    setup: ['module load x'],
  };
  const sweep = await sweepOf({ ...TWO, slurm });
  const command = ['node', '/a b/nats.js'] as const;
  const arrays = await submitSweep(sweep, { command, retry: false, dry: true });
  expect(arrays.map(({ tasks }) => tasks.length)).toEqual([4, 2, 2, 2, 1, 1, 1]);
  expect(arrays.map(({ dependency }) => dependency)).toEqual([
    ...[undefined, undefined, 'afterok:_0', 'afterok:_1', 'afterok:_2', 'afterok:_3', 'afterok:_0:_1'],
  ]);
  const script = readFileSync(arrays[0]!.script, 'utf8');
  for (const line of [
    ...['#SBATCH --partition=long', '#SBATCH --time=1:00:00', '#SBATCH --cpus-per-task=8', '#SBATCH --requeue'],
    ...["export A='it'\\''s'", 'module load x', 'node \'/a b/nats.js\' "$task" &'],
  ]) {
    expect(script.split('\n')).toContain(line);
  }
  expect(spawnSync('bash', ['-n', arrays[0]!.script]).status).toBe(0);
});

test('files of a sweep that were edited are told by file and field', async () => {
  const sweep = await sweepOf({ seeds: [1], variants: { a: {} } });
  const [task] = planSweep(sweep);
  await noteFailure(sweep, task!.id, 'no memory');
  const failures = join(sweep.out, 'failures');
  writeFileSync(join(failures, readdirSync(failures)[0]!), '5');
  await expect(readFailure(sweep, task!.id)).rejects.toThrow(/failures.*received/);
  mkdirSync(join(sweep.out, 'latency'), { recursive: true });
  writeFileSync(join(sweep.out, 'latency', 'latency.json'), '{"a": {"single": {"median": null}}}');
  await expect(collectSweep(sweep)).rejects.toThrow(/latency\.json, a\.single\.median/);
});
