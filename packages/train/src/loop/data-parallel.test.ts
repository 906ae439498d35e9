import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { divide, input, multiply, reduceSum, square, subtract, type TensorData, tensorData } from '@nats/graph';
import { afterAll, describe, expect, test } from 'vitest';
import { inProcessRanks } from '../../test/support/in-process-ranks.js';
import { memoryStore } from '../../test/support/memory-store.js';
import { tinyObjective } from '../../test/support/tiny-objective.js';
import { ownCount } from '../average-factor.js';
import type { CheckpointStore } from '../checkpoint/checkpoint.js';
import type { Collective } from '../collective.js';
import type { Objective } from '../objective.js';
import { sgd } from '../optimizers/sgd.js';
import { constantRate } from '../schedules.js';
import type { TrainingEvent } from './events.js';
import type { Phase } from './phase.js';
import { createTraining } from './training.js';

const STEPS = 6;
const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const phase: Phase = {
  optimizer: sgd({ momentum: 0.9, weightDecay: 1e-3 }),
  learningRate: constantRate(0.05),
  clipNorm: 1,
  average: { decay: 0.9 },
};

interface RunOptions {
  readonly collective?: Collective;
  readonly store?: CheckpointStore;
  readonly stopAt?: number;
  readonly accumulate?: number;
}

async function run(objective: Objective, { collective, store, stopAt, accumulate = 1 }: RunOptions = {}) {
  const training = await createTraining({
    engine,
    objective,
    steps: STEPS,
    seed: 3,
    phases: [{ ...phase, accumulate }],
    ...(collective && { collective }),
    ...(store && { checkpoints: { store, resume: 'if-present' } }),
  });
  const stop = new AbortController();
  const events: TrainingEvent[] = [];
  try {
    for await (const event of training.events({ signal: stop.signal })) {
      events.push(event);
      if (event.type === 'step' && event.step === stopAt) stop.abort();
    }
    const losses = events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
    return { values: await training.state.read(), losses, events };
  } finally {
    await training.dispose();
  }
}

function onRanks(size: number, objective: () => Objective, options: (rank: number) => RunOptions = () => ({})) {
  return Promise.all(
    inProcessRanks(size).map((collective) => run(objective(), { ...options(collective.rank), collective })),
  );
}

function largestDifference(a: ReadonlyMap<string, TensorData>, b: ReadonlyMap<string, TensorData>): number {
  let largest = 0;
  for (const [name, { data }] of b) {
    const scale = Math.max(...Array.from(data, Math.abs), 1e-3);
    for (let i = 0; i < data.length; i++)
      largest = Math.max(largest, Math.abs(data[i]! - a.get(name)!.data[i]!) / scale);
  }
  return largest;
}

const bits = (values: ReadonlyMap<string, TensorData>) =>
  [...values].map(
    ([name, { data }]) => `${name} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`,
  );

describe.each([2, 3])('%i ranks with batches of 4', (size) => {
  test('make the steps of one process with the batch of them all', async () => {
    const [alone, ranks] = [
      await run(tinyObjective({ norm: false, batchSize: 4 * size })),
      await onRanks(size, () => tinyObjective({ norm: false })),
    ];
    for (const { values, losses } of ranks) {
      expect([...values.keys()].sort()).toEqual([...alone.values.keys()].sort());
      expect(largestDifference(alone.values, values)).toBeLessThan(1e-5);
      for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(alone.losses[i]!, 5);
      expect(bits(values), 'the same bits on all ranks').toEqual(bits(ranks[0]!.values));
    }
  });

  test('count the positives of all ranks where a loss divides by them', async () => {
    const [alone, ranks] = [await run(sparseObjective(4 * size)), await onRanks(size, () => sparseObjective(4))];
    for (const { values } of ranks) expect(largestDifference(alone.values, values)).toBeLessThan(1e-5);
    // Means over ranks of quotients of their own would be another gradient: the counts differ from rank to rank.
    const own = await onRanks(size, () => withOwnCounts(sparseObjective(4)));
    expect(largestDifference(alone.values, own[0]!.values)).toBeGreaterThan(1e-3);
  });

  test('average running statistics, and have the same bits on all ranks with batch norm', async () => {
    const ranks = await onRanks(size, () => tinyObjective());
    for (const { values } of ranks) expect(bits(values)).toEqual(bits(ranks[0]!.values));
    const ownMean = await run(tinyObjective());
    expect(ranks[0]!.values.get('norm.running_mean')!.data).not.toEqual(ownMean.values.get('norm.running_mean')!.data);
  });

  test('accumulate batches as one process does', async () => {
    const [alone, ranks] = [
      await run(tinyObjective({ norm: false, batchSize: 4 * size }), { accumulate: 2 }),
      await onRanks(
        size,
        () => tinyObjective({ norm: false }),
        () => ({ accumulate: 2 }),
      ),
    ];
    expect(largestDifference(alone.values, ranks[0]!.values)).toBeLessThan(1e-5);
  });

  test('stopped by a signal to one rank and continued from the checkpoint of rank 0, give the same bits', async () => {
    const whole = await onRanks(size, () => tinyObjective());
    const store = memoryStore();
    const never: CheckpointStore = {
      ...memoryStore(),
      has: async () => {
        throw new Error('only rank 0 reads');
      },
    };
    const stores = (rank: number) => ({ store: rank === 0 ? store : never });
    const first = await onRanks(
      size,
      () => tinyObjective(),
      (rank) => ({ ...stores(rank), ...(rank === 1 && { stopAt: 3 }) }),
    );
    for (const { events } of first) expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'aborted', step: 3 });
    const second = await onRanks(size, () => tinyObjective(), stores);
    for (const [rank, { values, losses }] of second.entries()) {
      expect([...first[rank]!.losses, ...losses]).toEqual(whole[rank]!.losses);
      expect(bits(values)).toEqual(bits(whole[rank]!.values));
    }
  });
});

test('another number of processes than before is told, another batch of all is refused', async () => {
  const store = memoryStore();
  await onRanks(
    2,
    () => tinyObjective({ batchSize: 6 }),
    () => ({ store, stopAt: 2 }),
  );
  const otherBatch = onRanks(
    3,
    () => tinyObjective({ batchSize: 6 }),
    () => ({ store }),
  );
  await expect(otherBatch).rejects.toThrow(/batchSize.*12.*18/);
  const ranks = await onRanks(
    3,
    () => tinyObjective({ batchSize: 4 }),
    () => ({ store }),
  );
  for (const { events } of ranks) {
    const warning = events.find(({ type }) => type === 'warning');
    expect(warning).toMatchObject({ message: expect.stringMatching(/processes.*2.*3/) });
  }
});

test('a rank whose images can not be read ends all others, with its number and reason', async () => {
  const broken = (rank: number): Objective => {
    const objective = tinyObjective();
    return {
      ...objective,
      batch: async (split, step) => {
        if (rank === 1 && step > 4) throw new Error('cat.jpg is no image');
        return objective.batch(split, step);
      },
    };
  };
  const ranks = inProcessRanks(2);
  const results = await Promise.allSettled(ranks.map((collective) => run(broken(collective.rank), { collective })));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect((results[0] as PromiseRejectedResult).reason).toMatchObject({ message: 'rank 1: cat.jpg is no image' });
});

/** Errors of the few examples that count, divided by their number, as a detector's losses are by its foreground. */
function sparseObjective(batchSize: number): Objective {
  return {
    name: 'sparse',
    batchSize,
    splits: { train: { size: 1000 } },
    loss: (scope, { batch = batchSize, averageFactor = ownCount } = {}) => {
      const x = input('x', 'float32', [batch, 3]);
      const counted = input('counted', 'float32', [batch, 1]);
      const w = scope.parameter('w', [1, 3], { kind: 'constant', value: 0.1 });
      const error = multiply(square(subtract(multiply(x, w), 1)), counted);
      return { loss: divide(reduceSum(error), averageFactor('counted', reduceSum(counted))) };
    },
    batch: async (_split, step) => {
      const places = Array.from({ length: batchSize }, (_, i) => step * batchSize + i);
      const x = places.flatMap((place) => [Math.sin(place), Math.cos(3 * place), Math.sin(7 * place)]);
      const counted = places.map((place) => (Math.sin(place * place) > 0.4 ? 1 : 0));
      return { x: tensorData('float32', [batchSize, 3], x), counted: tensorData('float32', [batchSize, 1], counted) };
    },
  };
}

function withOwnCounts(objective: Objective): Objective {
  return { ...objective, loss: (scope, { averageFactor: _, ...options } = {}) => objective.loss(scope, options) };
}
