import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import type { TensorData } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { afterAll, describe, expect, test } from 'vitest';
import { almostFullDisk } from '../../test/support/full-disk.js';
import { memoryStore } from '../../test/support/memory-store.js';
import { tinyObjective } from '../../test/support/tiny-objective.js';
import { checkpointDirectory } from '../checkpoint/directory.js';
import { CheckpointWriteError } from '../checkpoint/errors.js';
import { adamw } from '../optimizers/adam.js';
import { cosineDecay, withWarmUp } from '../schedules.js';
import type { CheckpointOptions } from './options.js';
import type { Phase } from './phase.js';
import { createTraining } from './training.js';

const STEPS = 12;
const engine = onnxruntimeEngine({ threads: 2 });
afterAll(() => engine.dispose());

const phase: Phase = {
  optimizer: adamw({ weightDecay: 0.05 }),
  learningRate: withWarmUp(cosineDecay({ rate: 0.02, steps: STEPS }), { steps: 4 }),
  average: { decay: 0.9 },
  clipNorm: 1,
};

/** Trains until the end, or until a step after which the process stops; gives the whole state. */
async function train(accumulate: number, checkpoints?: CheckpointOptions, stopAt?: number) {
  const training = await createTraining({
    engine,
    objective: tinyObjective(),
    steps: STEPS,
    seed: 3,
    phases: [{ ...phase, accumulate }],
    ...(checkpoints && { checkpoints }),
  });
  const stop = new AbortController();
  const losses: number[] = [];
  for await (const event of training.events({ signal: stop.signal })) {
    if (event.type === 'step') losses.push(event.loss);
    if (event.type === 'step' && event.step === stopAt) stop.abort();
  }
  const values = await training.state.read();
  await training.dispose();
  return { values, losses };
}

const bytes = (values: ReadonlyMap<string, TensorData>) =>
  [...values].map(([name, { data }]) => {
    const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return `${name} ${view.toString('hex')}`;
  });

describe.each([1, 2])('a training that accumulates %i batches', (accumulate) => {
  test.each([[[1]], [[5]], [[11]], [[3, 4, 8]]])(
    'stopped at %j and continued equals one that never stopped, bit for bit',
    async (stops) => {
      const directory = await temporaryDirectory();
      const whole = await train(accumulate);
      const losses: number[] = [];
      let values: ReadonlyMap<string, TensorData> = new Map();
      for (const stop of [...stops, undefined]) {
        const part = await train(accumulate, { store: checkpointDirectory(directory), resume: 'if-present' }, stop);
        losses.push(...part.losses);
        values = part.values;
      }
      expect(losses).toEqual(whole.losses);
      expect(losses).toHaveLength(STEPS);
      expect(bytes(values)).toEqual(bytes(whole.values));
      expect(new Set(losses).size).toBe(STEPS);
      expect(whole.values.get('average.conv.weight')).not.toEqual(whole.values.get('conv.weight'));
      expect(whole.values.get('optimizer.correction2')!.data[0]).toBeGreaterThan(0);
    },
  );
});

test('needs no files: any store will do', async () => {
  const whole = await train(1);
  const store = memoryStore();
  const first = await train(1, { store, resume: 'if-present' }, 5);
  const rest = await train(1, { store, resume: 'always' });
  expect(first.losses).toHaveLength(5);
  expect([...first.losses, ...rest.losses]).toEqual(whole.losses);
  expect(bytes(rest.values)).toEqual(bytes(whole.values));
});

test('a training is prolonged by what follows from its steps alone', async () => {
  const store = memoryStore();
  const of = (steps: number, options: Partial<CheckpointOptions>, seed = 3) =>
    createTraining({
      engine,
      objective: tinyObjective(),
      steps,
      seed,
      phases: [{ ...phase, learningRate: cosineDecay({ rate: 0.02, steps }), average: { decay: 1 - 1 / (2 + steps) } }],
      config: { steps },
      checkpoints: { store, resume: 'if-present', ...options },
    });
  const rates = async (training: Awaited<ReturnType<typeof of>>) => {
    const found: number[] = [];
    for await (const event of training.events()) if (event.type === 'step') found.push(event.learningRate);
    await training.dispose();
    return found;
  };
  await rates(await of(4, {}));
  await expect(of(8, {})).rejects.toThrow(/config\.steps: 4, here 8/);
  await expect(of(8, { prolong: true }, 4)).rejects.toThrow(/seed: 3, here 4/);
  const schedule = cosineDecay({ rate: 0.02, steps: 8 });
  expect(await rates(await of(8, { prolong: true }))).toEqual([4, 5, 6, 7].map(schedule));
});

test('a crash between checkpoints only costs the steps since the last one', async () => {
  const directory = await temporaryDirectory();
  const whole = await train(1);
  const training = await createTraining({
    engine,
    objective: tinyObjective(),
    steps: STEPS,
    seed: 3,
    phases: [phase],
    checkpoints: { store: checkpointDirectory(directory), every: 4 },
  });
  for await (const event of training.events()) if (event.type === 'step' && event.step === 7) break;
  await training.dispose();
  expect((await checkpointDirectory(directory).load('last')).step).toBe(4);
  const rest = await train(1, { store: checkpointDirectory(directory), resume: 'always' });
  expect(rest.losses).toEqual(whole.losses.slice(4));
  expect(bytes(rest.values)).toEqual(bytes(whole.values));
});

test('a disk that fills up stops the training, which continues from the checkpoint before', async () => {
  const directory = await temporaryDirectory();
  const files = almostFullDisk(6000);
  await expect(train(1, { store: checkpointDirectory(directory, files), every: 3 })).rejects.toThrow(
    CheckpointWriteError,
  );
  const { step } = await checkpointDirectory(directory).load('last');
  expect(step).toBeGreaterThan(0);
  expect(step).toBeLessThan(STEPS);
  const rest = await train(1, { store: checkpointDirectory(directory), resume: 'always' });
  expect(bytes(rest.values)).toEqual(bytes((await train(1)).values));
});

describe('a run whose last checkpoint is gone', () => {
  const warningsOf = async (store: ReturnType<typeof checkpointDirectory>) => {
    const training = await createTraining({
      engine,
      objective: tinyObjective(),
      steps: STEPS,
      seed: 3,
      phases: [phase],
      checkpoints: { store, resume: 'if-present' },
    });
    const warnings: string[] = [];
    for await (const event of training.events()) if (event.type === 'warning') warnings.push(event.message);
    const values = await training.state.read();
    await training.dispose();
    return { warnings, values };
  };

  test.each([
    ['damaged', (path: string) => truncate(path, 50)],
    ['missing', (path: string) => rm(path)],
  ])('(%s) goes on from the one before, says so, and ends the same', async (problem, spoil) => {
    const directory = await temporaryDirectory();
    await train(1, { store: checkpointDirectory(directory), every: 3, resume: 'if-present' }, 7);
    await spoil(join(directory, 'last.json'));
    const { warnings, values } = await warningsOf(checkpointDirectory(directory));
    expect(warnings).toEqual([expect.stringMatching(`last.json: the last checkpoint is ${problem} .* of step 6`)]);
    expect(bytes(values)).toEqual(bytes((await train(1)).values));
  });

  test('begins again with words where nothing names its tensors', async () => {
    const directory = await temporaryDirectory();
    await train(1, { store: checkpointDirectory(directory), resume: 'if-present' }, 4);
    await rm(join(directory, 'last.json'));
    const { warnings, values } = await warningsOf(checkpointDirectory(directory));
    expect(warnings).toEqual([expect.stringMatching(/last.json: no such file.*step-000004.*starts anew at step 0/)]);
    expect(bytes(values)).toEqual(bytes((await train(1)).values));
  });
});
