import { crossEntropy } from '../../../layers/losses.js';
import { cumulativeSum } from '../../../ops/indexing.js';
import { matMul } from '../../../ops/matmul.js';
import { type ReductionOptions, reduceMax, reduceMean, reduceMin, reduceSum } from '../../../ops/reduction.js';
import { logSoftmax, softmax } from '../../../ops/softmax.js';
import { seedOf } from '../../../random.js';
import type { Tensor } from '../../../tensor.js';
import { tensorData } from '../../../tensor-data.js';
import { hashed, hashedIntegers, hashedUniform } from '../../hashed.js';
import type { ConformanceCase } from '../case.js';

const floats = (shape: readonly number[]) => hashed(shape, seedOf(1, `reduction ${shape}`));
const AXES: readonly ReductionOptions[] = [
  {},
  { axes: [1] },
  { axes: [0, 2, 3] },
  { axes: [-1], keepDims: true },
  { axes: [2, 3] },
  { axes: [0, 1], keepDims: true },
];
const OPS = { reduceSum, reduceMean, reduceMax, reduceMin };

function reductions(): ConformanceCase[] {
  return Object.entries(OPS).flatMap(([name, op]) =>
    AXES.map(
      (options): ConformanceCase => ({
        name: `${name} ${JSON.stringify(options)}`,
        inputs: { x: floats([2, 3, 4, 5]) },
        build: ({ x }) => ({ y: op(x!, options) }),
      }),
    ),
  );
}

/** Sums of many values of one sign: naive float32 addition loses digits. */
function largeSums(): ConformanceCase[] {
  const many = hashedUniform([8, 4, 128, 128], seedOf(1, 'many'), 0.5, 1.5);
  const large = (name: string, options: ReductionOptions): ConformanceCase => ({
    name: `sum of ${name}`,
    inputs: { x: many },
    build: ({ x }) => ({ y: reduceSum(x!, options) }),
    gradientsOf: [],
    tolerance: 1e-6,
  });
  return [large('half a million values', {}), large('values per channel', { axes: [0, 2, 3] })];
}

function edgeReductions(): ConformanceCase[] {
  const ties = tensorData('float32', [2, 3], [1, 1, 0, -2, -2, -2]);
  return [
    {
      name: 'reduceMax shares its gradient between equals',
      inputs: { x: ties },
      smooth: false,
      build: ({ x }) => ({ y: reduceMax(x!, { axes: [1] }) }),
    },
    {
      name: 'sums of nothing',
      inputs: { x: floats([2, 0, 3]) },
      build: ({ x }) => ({ y: reduceSum(x!, { axes: [1] }), z: reduceSum(x!) }),
      expected: { y: [0, 0, 0, 0, 0, 0], z: [0] },
    },
    { name: 'a sum over no axis', inputs: { x: floats([2]) }, build: ({ x }) => ({ y: reduceSum(x!, { axes: [] }) }) },
    { name: 'a sum of a scalar', inputs: { x: floats([]) }, build: ({ x }) => ({ y: reduceSum(x!) }) },
    {
      name: 'reductions of int32',
      inputs: { x: tensorData('int32', [2, 3], [3, -5, 2, 7, 7, -8]) },
      build: ({ x }) => ({
        sum: reduceSum(x!, { axes: [1] }),
        most: reduceMax(x!),
        least: reduceMin(x!, { axes: [0] }),
      }),
      expected: { sum: [0, 6], most: [7], least: [3, -5, -8] },
    },
    {
      name: 'a batch N goes through reductions',
      inputs: { x: floats([3, 4, 2]) },
      batched: ['x'],
      build: ({ x }) => ({
        kept: reduceSum(x!, { axes: [1] }),
        mean: reduceMean(x!, { axes: [1, 2], keepDims: true }),
        over: reduceSum(x!, { axes: [0] }),
        most: reduceMax(x!, { axes: [2] }),
        soft: softmax(x!, 1),
      }),
    },
  ];
}

function softmaxCases(): ConformanceCase[] {
  const each = (name: string, op: (x: Tensor, axis?: number) => Tensor): ConformanceCase[] => [
    { name, inputs: { x: floats([3, 5]) }, build: ({ x }) => ({ y: op(x!) }) },
    { name: `${name} along the first axis`, inputs: { x: floats([3, 2, 4]) }, build: ({ x }) => ({ y: op(x!, 0) }) },
    { name: `${name} along a middle axis`, inputs: { x: floats([3, 2, 4]) }, build: ({ x }) => ({ y: op(x!, 1) }) },
    {
      name: `${name} of huge values`,
      inputs: { x: tensorData('float32', [2, 3], [1e4, 1e4, -1e4, -1e6, 0, 3]) },
      build: ({ x }) => ({ y: op(x!) }),
      smooth: false,
    },
    { name: `${name} of nothing`, inputs: { x: floats([0, 3]) }, build: ({ x }) => ({ y: op(x!) }) },
    { name: `${name} of one class`, inputs: { x: floats([3, 1]) }, build: ({ x }) => ({ y: op(x!) }) },
  ];
  const masked = tensorData('float32', [1, 3], [1, Number.NEGATIVE_INFINITY, 2]);
  return [
    ...each('softmax', softmax),
    ...each('logSoftmax', logSoftmax),
    {
      name: 'softmax with a masked class',
      inputs: { x: masked },
      gradientsOf: [],
      build: ({ x }) => ({ y: softmax(x!) }),
    },
    {
      name: 'crossEntropy',
      inputs: { x: floats([4, 6]), labels: hashedIntegers([4], seedOf(1, 'labels'), 6) },
      build: ({ x, labels }) => ({ hard: crossEntropy(x!, labels!), smooth: crossEntropy(x!, labels!, 0.1) }),
    },
  ];
}

function matMulCases(): ConformanceCase[] {
  const product = (
    a: readonly number[],
    b: readonly number[],
    transposeA = false,
    transposeB = false,
  ): ConformanceCase => ({
    name: `matMul of [${a}]${transposeA ? '^T' : ''} and [${b}]${transposeB ? '^T' : ''}`,
    inputs: { a: floats(a), b: floats(b) },
    build: ({ a, b }) => ({ y: matMul(a!, b!, { transposeA, transposeB }) }),
  });
  return [
    product([2, 3], [3, 4]),
    product([3, 2], [3, 4], true),
    product([2, 3], [4, 3], false, true),
    product([3, 2], [4, 3], true, true),
    product([5, 2, 3], [5, 3, 4]),
    product([5, 3, 2], [5, 4, 3], true, true),
    product([5, 2, 3], [3, 4]),
    product([2, 3], [5, 3, 4]),
    product([2, 1, 2, 3], [5, 3, 4]),
    product([2, 5, 3, 2], [1, 3, 4], true),
    product([1, 3], [3, 1]),
    product([2, 0], [0, 3]),
    product([0, 3], [3, 4]),
    product([2, 2, 0], [2, 0, 3]),
    product([0, 2, 3], [3, 4]),
    {
      name: 'a batch N goes through matMul',
      inputs: { a: floats([3, 4]), b: floats([4, 2]), c: floats([3, 5, 4]) },
      batched: ['a', 'c'],
      build: ({ a, b, c }) => ({ y: matMul(a!, b!), z: matMul(c!, b!) }),
    },
    {
      name: 'cumulativeSum',
      inputs: { x: floats([3, 4, 2]) },
      build: ({ x }) => ({ y: cumulativeSum(x!, 1), z: cumulativeSum(x!, -1) }),
    },
  ];
}

export function reductionCases(): ConformanceCase[] {
  return [...reductions(), ...largeSums(), ...edgeReductions(), ...softmaxCases(), ...matMulCases()];
}
