import {
  type ConvolutionLayerOptions,
  convolution,
  crossEntropy,
  flatten,
  globalAveragePool,
  groupNorm,
  input,
  linear,
  relu,
  seedOf,
  type Tensor,
} from '@nats/graph';
import { hashed, hashedIntegers } from '@nats/graph/testing';
import { expectGolden } from '@nats/graph/testing/vitest';
import { describe, it } from 'vitest';
import { ENGINES, gradientOutputs, readGolden, runGolden } from './support.js';

interface Attributes {
  readonly size: readonly [number, number];
  readonly classes: number;
}

const fixture = readGolden<Attributes>('group-norm');

/** Each followed by a group norm of that many groups; names as PyTorch's Sequential. */
const LAYERS: readonly (readonly [ConvolutionLayerOptions, number])[] = [
  [{ channels: 16, stride: 2, padding: 1 }, 4],
  [{ channels: 24, padding: [1, 2], dilation: [1, 2], groups: 2 }, 8],
  [{ channels: 12, stride: 2, padding: 2, dilation: 2 }, 1],
  [{ channels: 12, padding: 1 }, 12],
];

describe.each(ENGINES)('a network with group norms equals PyTorch', ({ engine, options }) => {
  it(`forward, loss and every gradient, on ${engine().name}`, async () => {
    const { seed, cases } = fixture;
    const { size, classes } = cases.only!.attributes;
    const used = engine();
    const actual = await runGolden(used, seed, {}, (scope) => {
      const x = input('x', 'float32', [2, 3, ...size]);
      let h: Tensor = x;
      for (const [i, [layer, groups]] of LAYERS.entries()) {
        h = convolution(scope.child(3 * i), h, layer);
        h = relu(groupNorm(scope.child(3 * i + 1), h, groups));
      }
      const logits = linear(scope.child(3 * LAYERS.length + 2), flatten(globalAveragePool(h)), classes);
      const loss = crossEntropy(logits, input('target', 'int32', [2]));
      return {
        outputs: { 'forward/logits': logits, 'forward/loss': loss, ...gradientOutputs(scope, loss, { x }) },
        feeds: {
          x: hashed([2, 3, ...size], seedOf(seed, 'x')),
          target: hashedIntegers([2], seedOf(seed, 'target'), classes),
        },
      };
    });
    expectGolden(`group-norm (${used.name})`, fixture, 'only', actual, options);
    await used.dispose();
  });
});
