import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProgram } from './create-program.js';
import { gradients } from './gradients.js';
import { add, divide, equal, maximum, multiply, subtract } from './ops/binary.js';
import { cast, stopGradient } from './ops/cast.js';
import { concat } from './ops/concat.js';
import { argMax, topK } from './ops/indexing.js';
import { matMul } from './ops/matmul.js';
import { maxPool2d } from './ops/pooling.js';
import { reduceMean, reduceSum } from './ops/reduction.js';
import { reshape, transpose } from './ops/reshape.js';
import { slice } from './ops/slice.js';
import { softmax } from './ops/softmax.js';
import { input } from './ops/source.js';
import { exp, sigmoid, softplus, square, tanh } from './ops/unary.js';
import { seedOf } from './random.js';
import { evaluate } from './reference-engine.js';
import type { Tensor } from './tensor.js';
import { type TensorData, tensorData } from './tensor-data.js';
import { finiteDifferenceErrors } from './testing/conformance/index.js';
import { hashed } from './testing/hashed.js';

const x = input('x', 'float32', [2, 3]);
const feeds = { x: hashed([2, 3], seedOf(1, 'x')) };

function values(outputs: Record<string, Tensor>): Record<string, TensorData> {
  const program = createProgram({ outputs });
  return evaluate(program, program.inputs.has('x') ? feeds : {}).outputs;
}

describe('gradients', () => {
  it('are those of a float32 scalar', () => {
    expect(() => gradients(x, [x])).toThrow(/received float32\[2, 3\].*float32 scalar.*reduce it/);
    expect(() => gradients(cast(reduceSum(x), 'int32'), [x])).toThrow(/float32 scalar/);
  });

  it('sum over all paths', () => {
    const [dx] = gradients(reduceSum(add(multiply(x, x), multiply(x, 3))), [x]);
    const { data } = values({ dx: dx! }).dx!;
    for (const [i, value] of feeds.x.data.entries()) expect(data[i]).toBeCloseTo(2 * value + 3, 6);
  });

  it('are zeros where the loss does not depend on a tensor', () => {
    const other = input('other', 'float32', [4, 1]);
    const [, zero] = gradients(reduceSum(x), [x, other]);
    expect(zero!.shape).toEqual([4, 1]);
    expect(Array.from(values({ zero: zero! }).zero!.data)).toEqual([0, 0, 0, 0]);
  });

  it('can be taken by results in between and by the loss itself', () => {
    const h = square(x);
    const loss = reduceSum(multiply(h, 5));
    const [dh, dLoss] = gradients(loss, [h, loss]);
    const found = values({ dh: dh!, dLoss: dLoss! });
    expect(new Set(found.dh!.data)).toEqual(new Set([5]));
    expect(Array.from(found.dLoss!.data)).toEqual([1]);
  });

  it('stop at stopGradient, and at whole numbers', () => {
    const [dx] = gradients(reduceSum(add(multiply(stopGradient(x), x), cast(cast(x, 'int32'), 'float32'))), [x]);
    expect(Array.from(values({ dx: dx! }).dx!.data)).toEqual(Array.from(feeds.x.data));
    const masked = reduceSum(multiply(cast(equal(x, x), 'float32'), x));
    expect(new Set(values({ d: gradients(masked, [x])[0]! }).d!.data)).toEqual(new Set([1]));
    const position = reduceSum(cast(argMax(x), 'float32'));
    expect(new Set(values({ d: gradients(position, [x])[0]! }).d!.data)).toEqual(new Set([0]));
  });

  it('of a multiple output, one of which is used', () => {
    const [dx] = gradients(reduceSum(topK(x, 1).values), [x]);
    expect(Array.from(values({ dx: dx! }).dx!.data).filter((value) => value === 1)).toHaveLength(2);
  });

  it('name the op that has none', () => {
    const map = input('map', 'float32', [1, 1, 4, 4]);
    const [first] = gradients(reduceSum(square(maxPool2d(map, { kernel: 2 }))), [map]);
    expect(() => gradients(reduceSum(first!), [map])).toThrow(/received maxPoolGrad.*has a gradient.*stopGradient/);
  });

  it('need a known batch', () => {
    const batched = input('b', 'float32', ['N', 3]);
    expect(() => gradients(reduceSum(batched), [batched])).toThrow(/known batch/);
    expect(() => gradients(reduceSum(multiply(x, reduceMean(batched, { axes: [1] }).shape.length)), [x])).not.toThrow();
  });

  it('can be differentiated again', () => {
    const [dx] = gradients(reduceSum(exp(multiply(x, 2))), [x]);
    const [ddx] = gradients(reduceSum(dx!), [x]);
    const { data } = values({ ddx: ddx! }).ddx!;
    for (const [i, value] of feeds.x.data.entries()) expect(data[i]! / (4 * Math.exp(2 * value))).toBeCloseTo(1, 6);
  });
});

/** Smooth ops on a tensor of any shape, each with a result of rank 2. */
const STEPS: readonly ((x: Tensor, w: Tensor) => Tensor)[] = [
  (x) => sigmoid(x),
  (x) => tanh(x),
  (x) => softplus(multiply(x, 0.5)),
  (x) => square(x),
  (x) => softmax(x, 1),
  (x) => softmax(x, 0),
  (x) => transpose(x),
  (x) => concat([x, multiply(x, 0.3)], 0),
  (x) => slice(x, { 1: [0, x.shape[1] as number, 2] }),
  (x) => subtract(x, reduceMean(x, { axes: [1], keepDims: true })),
  (x) => divide(x, add(square(x), 1)),
  (x) => maximum(x, 0.1),
  (x) => reshape(x, [-1, 1]),
  (x) => matMul(x, x, { transposeB: true }),
  (x, w) => multiply(x, reduceSum(w)),
];

describe('random programs', () => {
  it('have the gradients that finite differences show', () => {
    const programs = fc.array(fc.integer({ min: 0, max: STEPS.length - 1 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(programs, fc.integer({ min: 0, max: 1000 }), (steps, seed) => {
        const errors = finiteDifferenceErrors({
          name: 'random',
          inputs: { x: hashed([2, 3], seedOf(seed, 'x')), w: tensorData('float32', [2], [0.7, -0.2]) },
          build: ({ x, w }) => ({ y: steps.reduce((h, step) => STEPS[step]!(h, w!), multiply(x!, 0.5)) }),
        });
        expect(errors).toEqual([]);
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});
