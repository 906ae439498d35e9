import {
  add,
  createProgram,
  divide,
  evaluate,
  gradients,
  input,
  multiply,
  reduceMean,
  reduceSum,
  sqrt,
  square,
  subtract,
  type Tensor,
  tensorData,
} from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { expect, test } from 'vitest';
import { space } from '../../test/planted.js';
import { allGenotypesConvolution } from './all-genotypes.js';
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

test('before a norm that takes the statistics of its batch the gradient vanishes but for epsilon; weighing all genotypes keeps it', () => {
  // A norm takes a channel's scale away, and the drawn genotype's gate is one: what is left of the gradient is epsilon's.
  const size = [4, 4, 5, 5] as const;
  const images = input('images', 'float32', [size[0], 2, 5, 5]);
  const noise = input('noise', 'float32', [2, 3]);
  const temperature = input('temperature', 'float32', []);
  const layer = { x: images, weight, alpha, genotypes: GENOTYPES, convolution };
  const normalized = (y: Tensor, epsilon: number) => {
    const centered = subtract(y, reduceMean(y, { axes: [0, 2, 3], keepDims: true }));
    const variance = reduceMean(square(centered), { axes: [0, 2, 3], keepDims: true });
    return divide(centered, sqrt(add(variance, epsilon)));
  };
  const lengthOf = (y: Tensor, epsilon: number) => {
    const loss = reduceSum(multiply(normalized(y, epsilon), input('direction', 'float32', size)));
    const program = createProgram({ outputs: { dalpha: gradients(loss, [alpha])[0]! } });
    const own = {
      ...feeds,
      images: hashed([size[0], 2, 5, 5], 4),
      direction: hashed(size, 5),
      noise: hashed([2, 3], 6),
      temperature: tensorData('float32', [], [1]),
    };
    const wanted = Object.entries(own).filter(([name]) => program.inputs.has(name));
    const { dalpha } = evaluate(program, Object.fromEntries(wanted)).outputs;
    return Math.hypot(...dalpha!.data);
  };
  const gdas = gdasConvolution(layer, { noise, temperature });
  const all = allGenotypesConvolution(layer, { noise }, { estimator: 'straight-through', part: { images: size[0] } });
  expect(lengthOf(gdas, 1e-9) / lengthOf(all, 1e-9)).toBeLessThan(1e-6);
  expect(lengthOf(gdas, 1) / lengthOf(all, 1)).toBeGreaterThan(0.05);
  expect(lengthOf(gdas, 1e-3) / lengthOf(gdas, 1e-4)).toBeCloseTo(10, 0);
});
