import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../create-program.js';
import { add, divide, multiply, subtract } from '../ops/binary.js';
import { cast } from '../ops/cast.js';
import { reduceSum } from '../ops/reduction.js';
import { broadcastTo, reshape, transpose } from '../ops/reshape.js';
import { pad, reverse, slice } from '../ops/slice.js';
import { constant, fill, input, range, scalar } from '../ops/source.js';
import { exp, negate, not, sqrt } from '../ops/unary.js';
import { assemble, type Program } from '../program.js';
import { seedOf } from '../random.js';
import { evaluate } from '../reference-engine.js';
import type { Tensor } from '../tensor.js';
import { tensorData } from '../tensor-data.js';
import { hashed } from '../testing/hashed.js';
import { eliminateCommonSubexpressions } from './common-subexpressions.js';
import { foldConstants } from './constants.js';
import { simplify } from './simplify.js';

const x = input('x', 'float32', [2, 3]);
const feeds = { x: hashed([2, 3], seedOf(1, 'x')) };
const plain = (outputs: Record<string, Tensor>) => assemble(new Map(Object.entries(outputs)), new Map());
const opNames = (program: Program) => program.nodes.map(({ op }) => op.name);

describe('common subexpressions', () => {
  it('are computed once', () => {
    const program = eliminateCommonSubexpressions(plain({ y: multiply(exp(add(x, 1)), exp(add(x, 1))) }));
    expect(opNames(program).filter((name) => name === 'exp')).toHaveLength(1);
    expect(program.outputs.get('y')!.node.inputs[0]).toBe(program.outputs.get('y')!.node.inputs[1]);
  });

  it('agree in attributes, -0, NaN and infinities told apart', () => {
    const padded = [1, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) =>
      pad(
        x,
        [
          [1, 0],
          [0, 0],
        ],
        value,
      ),
    );
    const program = eliminateCommonSubexpressions(plain(Object.fromEntries(padded.map((y, i) => [`y${i}`, y]))));
    expect(opNames(program).filter((name) => name === 'pad')).toHaveLength(5);
    const signs = [0, -0].map((value) => divide(x, scalar(value)));
    expect(new Set(eliminateCommonSubexpressions(plain({ a: signs[0]!, b: signs[1]! })).outputs.values()).size).toBe(2);
    const apart = eliminateCommonSubexpressions(plain({ a: slice(x, { 1: [0, 2] }), b: slice(x, { 1: [1, 3] }) }));
    expect(new Set(apart.outputs.values()).size).toBe(2);
  });

  it('are not made of constants of another dtype or shape', () => {
    const outputs = { a: add(x, fill([1], 1)), b: add(x, fill([], 1)), c: cast(fill([], 1, 'int32'), 'float32') };
    const program = eliminateCommonSubexpressions(plain(outputs));
    expect(opNames(program).filter((name) => name === 'constant')).toHaveLength(3);
  });
});

describe('constants', () => {
  it('are folded, and rounded once each', () => {
    const y = add(x, sqrt(add(scalar(1), scalar(1))));
    const program = foldConstants(plain({ y }));
    expect(opNames(program)).toEqual(['input', 'constant', 'add']);
    expect(evaluate(program, feeds).outputs.y!.data[0]).toBe(feeds.x.data[0]! + Math.fround(Math.SQRT2));
  });

  it('stay computed where the result is large', () => {
    const program = foldConstants(plain({ y: broadcastTo(scalar(1), [300, 300]) }));
    expect(opNames(program)).toEqual(['constant', 'broadcastTo']);
  });

  it('of several outputs and of whole numbers fold too', () => {
    const program = foldConstants(plain({ y: cast(reduceSum(range(5)), 'float32') }));
    expect(opNames(program)).toEqual(['constant']);
    expect(evaluate(program).outputs.y!.data[0]).toBe(10);
  });
});

describe('trivial ops', () => {
  const flag = input('flag', 'bool', [2]);
  const ones = constant(tensorData('float32', [2, 1], [1, 1]));
  it.each<[string, Tensor, Tensor]>([
    ['x 1', multiply(x, 1), x],
    ['1 x', multiply(1, x), x],
    ['x times ones that broadcast', multiply(x, ones), x],
    ['x + 0', add(x, 0), x],
    ['0 + x', add(0, x), x],
    ['x - 0', subtract(x, 0), x],
    ['x / 1', divide(x, 1), x],
    ['- - x', negate(negate(x)), x],
    ['not not', not(not(flag)), flag],
    ['a transpose and its inverse', transpose(transpose(x)), x],
    ['reshapes in a row', reshape(reshape(x, [6]), [2, 3]), x],
    ['a reversal of a reversal', reverse(reverse(x, [0, 1]), [1, 0]), x],
    ['all of them', divide(add(transpose(negate(negate(multiply(transpose(x), 1)))), 0), 1), x],
  ])('vanish: %s', (_, y, expected) => {
    expect(simplify(plain({ y })).outputs.get('y')).toBe(expected);
  });

  it.each<[string, Tensor]>([
    ['x 2', multiply(x, 2)],
    ['x + 1', add(x, 1)],
    ['0 - x', subtract(0, x)],
    ['1 / x', divide(1, x)],
    ['a product that stretches', multiply(reduceSum(x), fill([2, 3], 1))],
    ['other transposes', reshape(transpose(reshape(x, [1, 2, 3]), [2, 0, 1]), [6])],
    ['reversals of different axes', reverse(reverse(x, [0]), [1])],
  ])('stay: %s', (_, y) => {
    const program = simplify(plain({ y }));
    expect(opNames(program)).toEqual(opNames(plain({ y })));
  });

  it('merge: transposes in a row become one', () => {
    const deep = input('x', 'float32', [2, 3, 4]);
    const program = simplify(plain({ y: transpose(transpose(deep, [1, 0, 2]), [0, 2, 1]) }));
    expect(opNames(program)).toEqual(['input', 'transpose']);
    expect(program.outputs.get('y')!.shape).toEqual([3, 4, 2]);
  });

  it('keep the scope of what stays', () => {
    const program = simplify(plain({ y: exp(add(x, 0)) }));
    expect(opNames(program)).toEqual(['input', 'exp']);
  });
});

describe('all passes', () => {
  const STEPS: readonly ((h: Tensor) => Tensor)[] = [
    (h) => add(h, 0),
    (h) => multiply(h, 1),
    (h) => multiply(h, add(scalar(0.5), scalar(0.5))),
    (h) => transpose(h),
    (h) => reshape(h, [h.shape[1] as number, h.shape[0] as number]),
    (h) => reverse(h, [0]),
    (h) => negate(h),
    (h) => add(h, h),
    (h) => subtract(multiply(h, 0.5), fill([1, 1], 0)),
    (h) => add(h, multiply(h, 2)),
  ];

  it('keep the values of random programs', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: STEPS.length - 1 }), { maxLength: 12 }), (steps) => {
        const y = steps.reduce((h, step) => STEPS[step]!(h), add(x, 1));
        const [before, after] = [evaluate(plain({ y }), feeds), evaluate(createProgram({ outputs: { y } }), feeds)];
        expect(after.outputs.y!.shape).toEqual(before.outputs.y!.shape);
        expect(Array.from(after.outputs.y!.data)).toEqual(Array.from(before.outputs.y!.data));
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});
