import * as g from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorAgainstReference, evaluate } from '../../../test/compare.js';

describe('the gradient of relu', () => {
  it('passes where the output is positive, however small, and nowhere else', async () => {
    const values = [0, 1e-38, 1e-30, 1e-3, 1, 3e38, Number.POSITIVE_INFINITY, 0];
    const y = g.tensorData('float32', [8], values);
    const gradient = g.tensorData('float32', [8], [5, -2, 3, 4, -5, 6, 7, -8]);
    const inputs = [g.input('g', 'float32', [8]), g.input('y', 'float32', [8])] as const;
    const { d } = await evaluate({ d: g.reluGrad(...inputs) }, { g: gradient, y });
    expect([...d!.data].map((value) => value + 0)).toEqual([0, -2, 3, 4, -5, 6, 7, 0]);
  });
});

describe('max pooling', () => {
  const check = (shape: readonly number[], options: g.PoolingOptions, feed: g.TensorData) => {
    const x = g.input('x', 'float32', shape);
    const y = g.maxPool2d(x, options);
    const loss = g.reduceSum(g.multiply(y, g.constant(hashed(y.shape as number[], 5))));
    return errorAgainstReference({ y, dx: g.gradients(loss, [x])[0]! }, { x: feed });
  };
  const pooled = fc
    .record({
      size: fc.tuple(fc.integer({ min: 3, max: 9 }), fc.integer({ min: 3, max: 9 })),
      kernel: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      levels: fc.constantFrom(1, 3, 1000),
    })
    .map((c) => ({ ...c, padding: Math.floor(c.kernel / 2) }));

  it('gives each gradient to the first maximum of its window, ties and negative values included', async () => {
    await fc.assert(
      fc.asyncProperty(pooled, async ({ size, levels, ...options }) => {
        const shape = [2, 3, ...size];
        const data = hashed(shape, 4).data.map((value) => Math.round(value * levels) / levels - 2);
        expect(await check(shape, options, g.tensorData('float32', shape, data))).toBeLessThan(1e-6);
      }),
      { numRuns: 25, seed: 3 },
    );
  });
});
