import { expect, test } from 'vitest';
import { searchSchema } from '../config/sections/training.js';
import { architectureOptions } from './architecture-options.js';
import { relaxationOf } from './search.js';

const fitting = (settings: Record<string, unknown>) => architectureOptions(searchSchema.parse(settings));

test('what is not said is left to the search', () => {
  const { architecture, ...rest } = fitting({});
  expect(rest).toEqual({});
  expect(Object.keys(architecture!).sort()).toEqual(['every', 'learningRate']);
});

test('every setting reaches the search', () => {
  const { architecture, splits, temperature, report } = fitting({
    steps: 11,
    start: 4,
    every: 2,
    order: 2,
    architectureLearningRate: 0.3,
    architectureWeightDecay: 1e-3,
    architectureClipNorm: 5,
    entropy: [-0.5, 0.5],
    temperature: [2, 1],
    singleLevel: true,
    reportEvery: 7,
  });
  expect(architecture).toMatchObject({ start: 4, every: 2, order: 2, clipNorm: 5 });
  expect(architecture!.learningRate!(3)).toBe(0.3);
  expect(architecture!.optimizer!.config).toMatchObject({ kind: 'adam', beta1: 0.5, beta2: 0.999, weightDecay: 1e-3 });
  expect([0, 5, 10].map(architecture!.entropy!)).toEqual([-0.5, 0, 0.5]);
  expect([0, 5, 10].map(temperature!)).toEqual([2, 1.5, 1]);
  expect(splits).toEqual({ weights: 'train', architecture: 'train' });
  expect(report).toBe(7);
});

test.each([
  [{}, { kind: 'exact', form: 'auto' }],
  [{ relaxation: 'sampled' }, { kind: 'sampled', estimator: 'gdas' }],
  [
    { relaxation: 'sampled', estimator: 'reinmax', strips: 8, exactStages: ['C4'] },
    { kind: 'sampled', estimator: 'reinmax', strips: 8, exactStages: ['C4'] },
  ],
  [{ relaxation: 'partial-channels' }, { kind: 'partial-channels' }],
  [
    { relaxation: 'partial-channels', mixedOutOf: 2 },
    { kind: 'partial-channels', outOf: 2 },
  ],
])('%o is the relaxation %o', (settings, relaxation) => {
  expect(relaxationOf(searchSchema.parse(settings))).toEqual(relaxation);
});

test.each([
  { order: 3 },
  { temperature: [0, 1] },
  { temperature: 1 },
  { architectureWeightDecay: -1 },
  { architectureClipNorm: 0 },
  { estimator: 'reinmax' },
  { relaxation: 'sampled', images: 2 },
  { relaxation: 'sampled', estimator: 'reinmax', images: 0 },
  { relaxation: 'sampled', strips: 8 },
  { relaxation: 'sampled', estimator: 'reinmax', images: 1, strips: 8 },
  { exactStages: ['C4'] },
  { relaxation: 'sampled', exactStages: ['C9'] },
  { mixedOutOf: 2 },
])('%o is refused', (settings) => {
  expect(searchSchema.safeParse(settings).success).toBe(false);
});
