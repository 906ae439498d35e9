import { describe, expect, it } from 'vitest';
import { createProgram } from '../create-program.js';
import { convolution } from '../layers/convolution.js';
import { batchNorm } from '../layers/normalization.js';
import { add, divide, multiply, subtract } from '../ops/binary.js';
import { conv2d } from '../ops/convolution.js';
import { gather } from '../ops/indexing.js';
import { reduceSum } from '../ops/reduction.js';
import { constant, input, variable } from '../ops/source.js';
import { relu, sqrt } from '../ops/unary.js';
import type { Program } from '../program.js';
import { seedOf } from '../random.js';
import { evaluate } from '../reference-engine.js';
import { createScope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { tensorData } from '../tensor-data.js';
import { goldenState } from '../testing/golden-values.js';
import { hashed } from '../testing/hashed.js';
import { foldBatchNorm } from './fold-batch-norm.js';

const x = input('x', 'float32', ['N', 3, 6, 5]);
const feeds = { x: hashed([2, 3, 6, 5], seedOf(1, 'x')) };

const opNames = (program: Program) =>
  program.nodes.map(({ op }) => op.name).filter((name) => !['constant', 'input', 'variable'].includes(name));

/** Runs both programs and gives the folded one. */
function folded(outputs: Record<string, Tensor>, spec: ReturnType<typeof createScope>['spec']) {
  const values = goldenState(spec, 4);
  const program = createProgram({ outputs });
  const result = foldBatchNorm(program, values);
  const [expected, actual] = [evaluate(program, feeds, values), evaluate(result.program, feeds, result.values)];
  for (const name of Object.keys(outputs)) {
    const [a, b] = [actual.outputs[name]!, expected.outputs[name]!];
    expect(a.shape).toEqual(b.shape);
    for (let i = 0; i < b.data.length; i++) expect(a.data[i]).toBeCloseTo(b.data[i]!, 5);
  }
  expect([...result.values.keys()].sort()).toEqual([...result.program.variables.keys()].sort());
  return { ...result, original: values };
}

describe('foldBatchNorm', () => {
  it('leaves a convolution with a bias, named as before', () => {
    const scope = createScope();
    const h = batchNorm(scope.child('bn1'), convolution(scope.child('conv1'), x, { channels: 4, padding: 1 }));
    const y = batchNorm(scope.child('bn2'), convolution(scope.child('conv2'), relu(h), { channels: 2, stride: 2 }));
    const { program, values, original } = folded({ y }, scope.spec);
    expect(opNames(program)).toEqual(['conv2d', 'relu', 'conv2d']);
    expect([...values.keys()].sort()).toEqual(['bn1.bias', 'bn2.bias', 'conv1.weight', 'conv2.weight']);
    expect(values.get('conv1.weight')!.shape).toEqual(original.get('conv1.weight')!.shape);
    expect(values.get('conv1.weight')!.data).not.toEqual(original.get('conv1.weight')!.data);
    expect(values.get('bn1.bias')!.data).toBeInstanceOf(Float32Array);
  });

  it("absorbs into a convolution's own bias", () => {
    const scope = createScope();
    const y = batchNorm(scope.child('bn'), convolution(scope.child('conv'), x, { channels: 4, bias: true }));
    const { program, values } = folded({ y }, scope.spec);
    expect(opNames(program)).toEqual(['conv2d']);
    expect([...values.keys()].sort()).toEqual(['conv.bias', 'conv.weight']);
  });

  it('keeps a convolution whose result is used twice', () => {
    const scope = createScope();
    const h = convolution(scope.child('conv'), x, { channels: 4 });
    const { program } = folded({ y: batchNorm(scope.child('bn'), h), h: relu(h) }, scope.spec);
    expect(opNames(program).sort()).toEqual(['add', 'conv2d', 'multiply', 'relu']);
  });

  it('gives a weight that is shared two values, under two names', () => {
    const scope = createScope();
    const w = scope.parameter('w', [4, 3, 3, 3], { kind: 'normal', deviation: 1 });
    const a = batchNorm(scope.child('a'), conv2d(x, w));
    const b = batchNorm(scope.child('b'), conv2d(relu(x), w));
    const { values } = folded({ a, b }, scope.spec);
    expect([...values.keys()].sort()).toEqual(['a.bias', 'b.bias', 'w', 'w:frozen1']);
    const plain = folded({ a, plain: conv2d(relu(x), w) }, scope.spec);
    expect(plain.values.get('w')).toBe(plain.original.get('w'));
    expect([...plain.values.keys()].sort()).toEqual(['a.bias', 'w', 'w:frozen1']);
  });

  it('takes arithmetic in any order and spelling, and permuted weights', () => {
    const scope = createScope();
    const vector = (name: string, shape: readonly number[]) =>
      scope.parameter(name, shape, { kind: 'uniform', bound: 1 });
    const order = constant(tensorData('int32', [4], [2, 0, 3, 1]));
    const w = gather(vector('w', [4, 3, 1, 1]), order);
    const shifted = subtract(conv2d(x, w), vector('shift', [1, 4, 1, 1]));
    const y = multiply(2, add(vector('more', [4, 1, 1]), divide(shifted, sqrt(add(multiply(1, 3), 0.5)))));
    expect(opNames(folded({ y }, scope.spec).program)).toEqual(['conv2d']);
  });

  it('keeps arithmetic that is not one number per channel', () => {
    const scope = createScope();
    const weight = () => scope.parameter('w', [3, 3, 1, 1], { kind: 'uniform', bound: 1 });
    const columns = scope.parameter('columns', [5], { kind: 'uniform', bound: 1 });
    const y = multiply(conv2d(x, weight()), columns);
    const z = add(conv2d(x, weight()), reduceSum(x, { axes: [1], keepDims: true }));
    const { program } = folded({ y, z }, scope.spec);
    expect(opNames(program).filter((name) => name === 'multiply' || name === 'add')).toHaveLength(2);
  });

  it('leaves variables without a value alone', () => {
    const scale = variable('scale', 'float32', [4, 1, 1]);
    const w = variable('w', 'float32', [4, 3, 1, 1]);
    const program = createProgram({ outputs: { y: multiply(conv2d(x, w), scale) } });
    const result = foldBatchNorm(program, new Map([['w', hashed([4, 3, 1, 1], seedOf(1, 'w'))]]));
    expect(opNames(result.program)).toEqual(['conv2d', 'multiply']);
    expect([...result.values.keys()]).toEqual(['w']);
    expect([...result.program.variables.keys()].sort()).toEqual(['scale', 'w']);
  });
});
