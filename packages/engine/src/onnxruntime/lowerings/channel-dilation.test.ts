import * as g from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { errorAgainstReference } from '../../../test/compare.js';

const ISOTROPIC: g.Pair[] = [
  [1, 1],
  [2, 2],
  [3, 3],
];

interface Case {
  readonly x: readonly number[];
  readonly outputs: number;
  readonly kernel: g.Pair;
  readonly genotypes: readonly g.Pair[];
  readonly stride: number | g.Pair;
  readonly index: readonly number[];
}

/** The convolution and both its gradients against the float64 reference. */
function errorOf({ x, outputs, kernel, genotypes, stride, index }: Case): Promise<number> {
  const w = [outputs, x[1]!, ...kernel];
  const [image, weight, genotype] = [
    g.input('x', 'float32', x),
    g.input('w', 'float32', w),
    g.input('index', 'int32', [outputs]),
  ];
  const y = g.conv2dByChannelDilation(image, weight, genotype, { genotypes, stride });
  const direction = g.input('direction', 'float32', y.shape);
  const [dx, dw] = g.gradients(g.reduceSum(g.multiply(y, direction)), [image, weight]) as [g.Tensor, g.Tensor];
  return errorAgainstReference(
    { y, dx, dw },
    {
      x: hashed(x, 1),
      w: hashed(w, 2),
      index: g.tensorData('int32', [outputs], Int32Array.from(index)),
      direction: hashed(y.shape as number[], 3),
    },
  );
}

const base: Case = {
  x: [2, 3, 8, 7],
  outputs: 6,
  kernel: [3, 3],
  genotypes: ISOTROPIC,
  stride: 1,
  index: [2, 0, 1, 1, 0, 2],
};

it.each<[string, Partial<Case>]>([
  ['channels of all genotypes, mixed', {}],
  ['genotypes without channels', { index: [2, 2, 2, 2, 2, 2] }],
  ['only the first genotype', { index: [0, 0, 0, 0, 0, 0] }],
  ['one genotype', { genotypes: [[2, 1]], index: [0, 0, 0, 0, 0, 0] }],
  ['stride 2, even and odd size', { stride: 2 }],
  ['stride 2 with phases that no genotype reads', { stride: 2, genotypes: [[2, 2]], index: [0, 0, 0, 0, 0, 0] }],
  ['stride 2 with a genotype without channels', { stride: 2, index: [0, 0, 2, 2, 2, 0] }],
  ['strides that the portable lowering serves', { stride: [2, 1] }],
  ['kernels of other sizes', { kernel: [5, 1], stride: 2 }],
  ['a map smaller than the dilated kernel', { x: [1, 3, 2, 1] }],
])('%s', async (_, changes) => {
  expect(await errorOf({ ...base, ...changes })).toBeLessThan(3e-6);
});

it('for any genotypes, sizes and choices', async () => {
  const small = (max: number) => fc.integer({ min: 1, max });
  const cases = fc.record({
    n: small(3),
    inputs: fc.constantFrom(1, 3, 16),
    index: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 12 }),
    size: fc.tuple(small(9), small(9)),
    kernel: fc.tuple(fc.constantFrom(1, 3, 5), fc.constantFrom(1, 3, 5)),
    stride: fc.constantFrom(1, 2, 3),
    genotypes: fc.array(fc.tuple(small(4), small(4)), { minLength: 4, maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ n, inputs, index, size, ...rest }) => {
      expect(await errorOf({ x: [n, inputs, ...size], outputs: index.length, index, ...rest })).toBeLessThan(3e-6);
    }),
    { numRuns: 60, seed: 7 },
  );
});
