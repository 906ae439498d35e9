import { createProgram, evaluate, gradients, input, multiply, reduceSum, type Tensor, tensorData } from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { expect, test } from 'vitest';
import { space } from '../../test/planted.js';
import { exactConvolution } from './exact.js';
import { gdasConvolution } from './gdas.js';
import { mixture } from './mixture.js';
import { samplingFeeds } from './sampling.js';

const GENOTYPES = space.genotypes;
const DRAWS = 1500;

const x = input('x', 'float32', [1, 2, 5, 5]);
const weight = input('weight', 'float32', [4, 2, 3, 3]);
const alpha = input('alpha', 'float32', [2, 3]);
const convolution = { stride: 1, groups: 1 };
const feeds = {
  x: hashed([1, 2, 5, 5], 1),
  weight: hashed([4, 2, 3, 3], 2),
  alpha: tensorData('float32', [2, 3], [0.5, -0.5, 0, 1, 0, -1]),
};

test('the mean of samples is the exact mixture, and so is the mean of its gradients to weights', () => {
  const loss = (y: Tensor) => reduceSum(multiply(y, 0.1));
  const exact = exactConvolution(x, weight, mixture(alpha), GENOTYPES, convolution);
  const noiseRow = input('noise', 'float32', [2, 3]);
  const temperature = input('temperature', 'float32', []);
  const drawn = gdasConvolution(
    { x, weight, alpha, genotypes: GENOTYPES, convolution },
    { noise: noiseRow, temperature },
  );
  const programs = [exact, drawn].map((y) => createProgram({ outputs: { y, dw: gradients(loss(y), [weight])[0]! } }));
  const expected = evaluate(programs[0]!, feeds).outputs;
  const mean = { y: new Float64Array(expected.y!.data.length), dw: new Float64Array(expected.dw!.data.length) };
  for (let step = 0; step < DRAWS; step++) {
    const { gumbel } = samplingFeeds(space, 5, step, 1);
    const own = tensorData('float32', [2, 3], gumbel!.data.subarray(0, 6));
    const outputs = evaluate(programs[1]!, {
      ...feeds,
      noise: own,
      temperature: tensorData('float32', [], [1]),
    }).outputs;
    for (const name of ['y', 'dw'] as const) {
      for (const [i, value] of outputs[name]!.data.entries()) mean[name][i]! += value / DRAWS;
    }
  }
  for (const name of ['y', 'dw'] as const) {
    const scale = Math.max(...Array.from(expected[name]!.data, Math.abs));
    for (const [i, value] of mean[name].entries()) {
      expect(Math.abs(value - expected[name]!.data[i]!) / scale).toBeLessThan(0.08);
    }
  }
});
