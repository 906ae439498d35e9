import { createProgram, evaluate, gradients, input, reduceSum, square, type Tensor, tensorData } from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { expect, test } from 'vitest';
import { space } from '../../test/planted.js';
import { exactConvolution } from './exact.js';
import { mixture } from './mixture.js';
import { partialChannelsConvolution } from './partial-channels.js';

const [O, K, G] = [8, 2, 3];
const layer = {
  site: { dilation: 1 },
  x: input('x', 'float32', [2, 2, 7, 7]),
  weight: input('weight', 'float32', [O, 2, 3, 3]),
  alpha: input('alpha', 'float32', [K, G]),
  genotypes: space.genotypes,
  convolution: { stride: 2, groups: 1 },
};
const feeds = {
  x: hashed([2, 2, 7, 7], 1),
  weight: hashed([O, 2, 3, 3], 2),
  alpha: tensorData('float32', [K, G], [0.5, -0.5, 0, 1, 0, -1]),
};
const decided = tensorData('float32', [K, G], [1e3, 0, 0, 1e3, 0, 0]);
const { x, weight, alpha, genotypes, convolution } = layer;
const exactly = exactConvolution(x, weight, mixture(alpha), genotypes, convolution);

const valuesOf = (y: Tensor, own: typeof feeds = feeds) => {
  const [dalpha, dw, dx] = gradients(reduceSum(square(y)), [alpha, weight, x]) as [Tensor, Tensor, Tensor];
  return evaluate(createProgram({ outputs: { y, dalpha, dw, dx } }), own).outputs;
};

test('the first of every two channels of a group are mixed, the others have the dilation of the network', () => {
  const { y } = valuesOf(partialChannelsConvolution(layer, 2));
  const mixed = valuesOf(exactly).y!;
  const plain = valuesOf(exactly, { ...feeds, alpha: decided }).y!;
  const positions = 16;
  for (const [i, value] of y!.data.entries()) {
    const channel = Math.floor(i / positions) % O;
    const isMixed = channel % (O / K) < 2;
    expect(value).toBeCloseTo((isMixed ? mixed : plain).data[i]!, 10);
    if (isMixed) expect(Math.abs(value - plain.data[i]!)).toBeGreaterThan(1e-6);
  }
});

test.each([1, 2, 4])(
  'one of %i: with everything decided for (1,1) it is the plain network, gradients of weights too',
  (outOf) => {
    const own = { ...feeds, alpha: decided };
    const [actual, expected] = [valuesOf(partialChannelsConvolution(layer, outOf), own), valuesOf(exactly, own)];
    for (const name of ['y', 'dw', 'dx'] as const)
      for (const [i, value] of actual[name]!.data.entries()) expect(value).toBeCloseTo(expected[name]!.data[i]!, 9);
  },
);

test("the architecture's gradient is that of finite differences, and with all channels the exact one", () => {
  const { dalpha } = valuesOf(partialChannelsConvolution(layer, 2));
  const program = createProgram({ outputs: { loss: reduceSum(square(partialChannelsConvolution(layer, 2))) } });
  const step = 1e-4;
  for (let i = 0; i < K * G; i++) {
    const [above, below] = [step, -step].map((by) => {
      const data = Float64Array.from(feeds.alpha.data, (value, j) => value + (i === j ? by : 0));
      return evaluate(program, { ...feeds, alpha: { dtype: 'float32', shape: [K, G], data } as never }).outputs.loss!
        .data[0]!;
    });
    expect((above! - below!) / (2 * step)).toBeCloseTo(dalpha!.data[i]!, 4);
  }
  expect(valuesOf(partialChannelsConvolution(layer, 1)).dalpha).toEqual(valuesOf(exactly).dalpha);
});
