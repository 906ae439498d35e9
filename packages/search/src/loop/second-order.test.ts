import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { add, constant, input, multiply, ones, reduceSum, square, subtract, tensorData } from '@nats/graph';
import { constantRate, createTraining, type Objective, type Phase, sgd } from '@nats/train';
import { afterAll, expect, test } from 'vitest';
import { plantedObjective, plantedScheme, space } from '../../test/planted.js';
import { createSearch } from './search.js';
import { secondOrderUpdate, UNROLLED_RATE } from './second-order.js';

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const scalar = (value: number) => tensorData('float32', [], [value]);
const isArchitecture = (name: string) => name === 'a';
const TARGET = [2, -3, 0.5];

/** Training draws w to a and to a w's cube; validation draws w to a target and never sees a. */
const toy: Objective = {
  name: 'bilevel',
  batchSize: 1,
  splits: { weights: { size: 1 }, architecture: { size: 1 } },
  loss: (scope) => {
    const [w, a] = [scope.parameter('w', [3], ones), scope.parameter('a', [3], { kind: 'constant', value: 0.25 })];
    const lower = add(square(subtract(w, a)), multiply(multiply(w, square(w)), a));
    const upper = square(subtract(w, constant(tensorData('float32', [3], TARGET))));
    const [ofLower, ofUpper] = [input('lower', 'float32', []), input('upper', 'float32', [])];
    return { loss: reduceSum(add(multiply(lower, ofLower), multiply(upper, ofUpper))) };
  },
  batch: async (split) =>
    split === 'weights' ? { lower: scalar(1), upper: scalar(0) } : { lower: scalar(0), upper: scalar(1) },
};

const RATE = 0.05;

function phases(order: 1 | 2): [Phase, Phase] {
  const architecture: Phase = {
    name: 'architecture',
    split: 'architecture',
    only: isArchitecture,
    optimizer: sgd(),
    learningRate: constantRate(1),
    slots: 'upper',
    ...(order === 2 && {
      update: secondOrderUpdate({ weightSplit: 'weights', isArchitecture }),
      feeds: () => ({ [UNROLLED_RATE]: scalar(RATE) }),
    }),
  };
  // Weights do not move here: their rate is 0, only the look ahead's is not.
  const weights: Phase = {
    split: 'weights',
    only: (name) => !isArchitecture(name),
    optimizer: sgd(),
    learningRate: constantRate(0),
  };
  return [weights, architecture];
}

async function architectureAfterStep(order: 1 | 2): Promise<number[]> {
  const training = await createTraining({ engine, objective: toy, steps: 1, phases: phases(order) });
  for await (const event of training.events()) void event;
  const values = await training.state.read();
  await training.dispose();
  expect(Array.from(values.get('w')!.data)).toEqual([1, 1, 1]);
  return Array.from(values.get('a')!.data);
}

test('the gradient of a bilevel toy is its analytic one, where the first order sees nothing', async () => {
  expect(await architectureAfterStep(1)).toEqual([0.25, 0.25, 0.25]);
  const [w, a] = [1, 0.25];
  const ahead = w - RATE * (2 * (w - a) + 3 * w * w * a);
  const expected = TARGET.map((target) => {
    // dL_val/da = dL_val/dw' dw'/da, and dw'/da = -rate d2L_train/(da dw).
    const slope = 2 * (ahead - target) * -RATE * (-2 + 3 * w * w);
    return a - slope;
  });
  for (const [i, value] of (await architectureAfterStep(2)).entries()) expect(value).toBeCloseTo(expected[i]!, 3);
});

test.each([['exact'], ['sampled']] as const)('a search of second order, %s', async (kind) => {
  const search = await createSearch({
    engine,
    objective: plantedObjective(plantedScheme(3), 3),
    space,
    relaxation: { kind },
    steps: 3,
    weights: { optimizer: sgd(), learningRate: constantRate(1e-3) },
    architecture: { start: 1, order: 2, entropy: constantRate(0.01) },
  });
  const norms: (number | undefined)[] = [];
  for await (const event of search.events()) {
    if (event.type === 'step') norms.push(event.metrics['architecture/gradientNorm']);
  }
  expect(norms[0]).toBeUndefined();
  expect(norms[1]).toBeGreaterThan(0);
  const { sites } = await search.architecture();
  expect(sites.get('layer1.0.conv1')!.probabilities[0]![0]).not.toBeCloseTo(1 / 3, 3);
  await search.dispose();
});
