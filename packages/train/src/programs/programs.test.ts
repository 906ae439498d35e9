import {
  type Feeds,
  initialize,
  type Program,
  referenceEngine,
  type StateSpec,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { describe, expect, test } from 'vitest';
import { quadraticLoss } from '../../test/support/quadratic.js';
import { tinyBatch, tinyObjective } from '../../test/support/tiny-objective.js';
import { adamw } from '../optimizers/adam.js';
import { frozen } from '../optimizers/rules.js';
import { sgd } from '../optimizers/sgd.js';
import { accumulationSteps } from './accumulation.js';
import { averageDecay, averagedValues, initialAverages } from './average.js';
import { gradientStep, trainingStep } from './training-step.js';

const engine = referenceEngine();
const scalar = (value: number) => tensorData('float32', [], [value]);

type Run = readonly [Program, Feeds];

/** Runs programs one after another on one state. */
async function runAll(spec: StateSpec, runs: readonly Run[], values = initialize(spec, 1)) {
  const state = await engine.createState(spec, values);
  const outputs: Record<string, TensorData>[] = [];
  for (const [program, feeds] of runs) outputs.push(await (await engine.compile(program)).run(state, feeds));
  return { outputs, values: await state.read() };
}

function difference(a: TensorData, b: TensorData): number {
  return Math.max(...Array.from(a.data, (value, i) => Math.abs(value - b.data[i]!)));
}

describe('accumulated gradients', () => {
  const small = tinyObjective({ batchSize: 2, norm: false });
  const large = tinyObjective({ batchSize: 6, norm: false });
  const options = { optimizer: adamw(), clipNorm: 0.1, average: true };
  const rates = { learningRate: scalar(0.1), averageDecay: scalar(0.9) };

  test('train as the batch of them all, step after step', async () => {
    const whole = trainingStep(large, options);
    const parts = accumulationSteps(small, { ...options, count: 3 });
    const expected = await runAll(
      whole.spec,
      [0, 1].map((step): Run => [whole.program, { ...tinyBatch('train', step, 6), ...rates }]),
    );
    const actual = await runAll(
      parts.spec,
      [0, 1, 2, 3, 4, 5].flatMap((step): Run[] => [
        [parts.accumulate, { ...tinyBatch('train', step, 2), keep: scalar(step % 3 === 0 ? 0 : 1) }],
        ...(step % 3 === 2 ? [[parts.apply, rates] as const] : []),
      ]),
    );
    for (const [name, value] of expected.values) {
      expect(difference(actual.values.get(name)!, value), name).toBeLessThan(1e-9);
    }
    expect(expected.values.get('conv.weight')).not.toEqual(initialize(whole.spec, 1).get('conv.weight'));
    expect(actual.outputs.at(-1)!.gradientNorm!.data[0]).toBeCloseTo(expected.outputs[1]!.gradientNorm!.data[0]!, 9);
  });

  test('move running statistics with every small batch, and their averages once a step', async () => {
    const parts = accumulationSteps(tinyObjective({ batchSize: 2 }), { ...options, count: 2 });
    const [mean, average] = ['norm.running_mean', 'average.norm.running_mean'];
    expect(parts.accumulate.updates.has(mean)).toBe(true);
    expect(parts.apply.updates.has(mean)).toBe(false);
    const { values } = await runAll(parts.spec, [
      [parts.accumulate, { ...tinyBatch('train', 0, 2), keep: scalar(0) }],
      [parts.accumulate, { ...tinyBatch('train', 1, 2), keep: scalar(1) }],
      [parts.apply, rates],
    ]);
    for (const [i, value] of values.get(average)!.data.entries()) {
      expect(value).toBeCloseTo(values.get(mean)!.data[i]! * 0.1, 7);
    }
  });
});

describe('a training step', () => {
  const objective = tinyObjective();
  const feeds = { ...tinyBatch('train', 0, 4), learningRate: scalar(0.1) };

  test('leaves frozen parameters alone and gives them no slots', () => {
    const { program, spec, trained } = trainingStep(objective, {
      optimizer: sgd({ momentum: 0.9 }),
      rules: frozen('conv'),
    });
    expect(trained).toEqual(['norm.weight', 'norm.bias', 'fc.weight', 'fc.bias']);
    expect(program.updates.has('conv.weight')).toBe(false);
    expect([...spec.keys()].filter((name) => name.startsWith('optimizer'))).toEqual(
      trained.map((name) => `optimizer.${name}.momentum`),
    );
  });

  test('refuses to train nothing', () => {
    expect(() => trainingStep(objective, { optimizer: sgd(), only: () => false })).toThrow('at least one parameter');
  });

  test('refuses metrics under names of its own', () => {
    const loss = (scope: Parameters<typeof quadraticLoss>[0]) => {
      const built = quadraticLoss(scope);
      return { ...built, metrics: { loss: built.loss } };
    };
    expect(() => trainingStep({ loss }, { optimizer: sgd() })).toThrow("received 'loss'");
  });

  test('can keep running statistics, and their averages with them', () => {
    const { program } = trainingStep(objective, { optimizer: sgd(), statistics: 'keep', average: true });
    expect([...program.updates.keys()].filter((name) => name.includes('running'))).toEqual([]);
    expect(program.updates.has('average.conv.weight')).toBe(true);
  });

  test('two optimizers share a state under different slot names', () => {
    const weights = trainingStep(objective, { optimizer: adamw(), only: (name) => name !== 'fc.bias' });
    const bias = trainingStep(objective, { optimizer: adamw(), only: (name) => name === 'fc.bias', slots: 'second' });
    expect([...bias.program.updates.keys()].filter((name) => weights.program.updates.has(name))).toEqual([
      'norm.running_mean',
      'norm.running_var',
    ]);
    expect([...bias.spec.keys()]).toContain('second.fc.bias.first');
  });

  test('updates by the gradients that the gradient program returns', async () => {
    const step = trainingStep(objective, { optimizer: sgd() });
    const slopes = gradientStep(objective);
    expect(slopes.program.updates.size).toBe(0);
    const before = initialize(step.spec, 1);
    const { outputs } = await runAll(slopes.spec, [[slopes.program, tinyBatch('train', 0, 4)]]);
    const { values } = await runAll(step.spec, [[step.program, feeds]]);
    for (const name of step.trained) {
      const expected = before.get(name)!.data.map((w, i) => w - 0.1 * outputs[0]![`gradient.${name}`]!.data[i]!);
      expect(difference(values.get(name)!, { ...values.get(name)!, data: expected }), name).toBeLessThan(1e-7);
    }
  });
});

describe('moving averages', () => {
  test('start at the model and follow it', async () => {
    const { program, spec } = trainingStep({ loss: quadraticLoss }, { optimizer: sgd(), average: true });
    const fresh = initialize(spec, 0);
    const starts = initialAverages(spec, fresh, new Set());
    expect([...starts.keys()]).toEqual(['average.weight', 'average.scale']);
    const { values } = await runAll(
      spec,
      [[program, { learningRate: scalar(0.5), averageDecay: scalar(0.75) }]],
      new Map([...fresh, ...starts]),
    );
    const [before, after] = [fresh.get('weight')!.data, values.get('weight')!.data];
    const average = averagedValues(spec, values);
    expect([...average.keys()]).toEqual(['weight', 'scale']);
    for (const [i, value] of average.get('weight')!.data.entries()) {
      expect(value).toBeCloseTo(0.75 * before[i]! + 0.25 * after[i]!, 7);
    }
  });

  test('have a short memory at first', () => {
    expect([0, 10, 1e6].map((step) => averageDecay({ decay: 0.99 }, step))).toEqual([0.1, 0.55, 0.99]);
    expect(averageDecay({ decay: 0.99, warmUp: false }, 0)).toBe(0.99);
  });
});
