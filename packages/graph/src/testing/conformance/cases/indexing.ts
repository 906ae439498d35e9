import { add, multiply } from '../../../ops/binary.js';
import { cast } from '../../../ops/cast.js';
import { argMax, gather, oneHot, topK } from '../../../ops/indexing.js';
import { fill, range } from '../../../ops/source.js';
import { takeAlongAxis } from '../../../ops/take-along-axis.js';
import { seedOf } from '../../../random.js';
import { tensorData } from '../../../tensor-data.js';
import { hashed, hashedIntegers } from '../../hashed.js';
import type { ConformanceCase } from '../case.js';

const floats = (shape: readonly number[]) => hashed(shape, seedOf(1, `indexing ${shape}`));
const below = (size: number, shape: readonly number[]) => hashedIntegers(shape, seedOf(1, `indices ${shape}`), size);

function gatherCases(): ConformanceCase[] {
  const x = floats([4, 5, 3]);
  return [
    { name: 'gather rows, some twice', inputs: { x, i: below(4, [6]) }, build: ({ x, i }) => ({ y: gather(x!, i!) }) },
    {
      name: 'gather along a middle axis',
      inputs: { x, i: below(5, [2, 3]) },
      build: ({ x, i }) => ({ y: gather(x!, i!, 1) }),
    },
    {
      name: 'gather along the last axis by a scalar',
      inputs: { x, i: below(3, []) },
      build: ({ x, i }) => ({ y: gather(x!, i!, -1) }),
    },
    { name: 'gather nothing', inputs: { x, i: below(4, [0]) }, build: ({ x, i }) => ({ y: gather(x!, i!) }) },
    {
      name: 'gather int32 and bool',
      inputs: { i: below(5, [3]), x: below(9, [5]), flags: tensorData('bool', [5], [1, 0, 0, 1, 1]) },
      build: ({ x, i, flags }) => ({ y: gather(x!, i!), z: gather(flags!, i!) }),
    },
    {
      name: 'gather by a permutation known beforehand',
      inputs: { x },
      build: ({ x }) => ({ y: gather(x!, range(5), 1) }),
    },
    {
      name: 'takeAlongAxis',
      inputs: { x, i: below(5, [4, 7, 3]) },
      build: ({ x, i }) => ({ y: takeAlongAxis(x!, i!, 1) }),
    },
    {
      name: 'takeAlongAxis, first axis',
      inputs: { x, i: below(4, [2, 5, 3]) },
      build: ({ x, i }) => ({ y: takeAlongAxis(x!, i!, 0) }),
    },
    {
      name: 'takeAlongAxis, one of each row',
      inputs: { x: floats([4, 5]), i: below(5, [4, 1]) },
      build: ({ x, i }) => ({ y: takeAlongAxis(x!, i!, -1) }),
    },
    {
      name: 'takeAlongAxis of nothing',
      inputs: { x: floats([4, 5]), i: below(5, [4, 0]) },
      build: ({ x, i }) => ({ y: takeAlongAxis(x!, i!, -1) }),
    },
  ];
}

function positionCases(): ConformanceCase[] {
  const ties = tensorData('float32', [2, 4], [1, 3, 3, 0, -1, -1, -2, -1]);
  return [
    {
      name: 'argMax',
      inputs: { x: floats([3, 4, 5]) },
      build: ({ x }) => ({ last: argMax(x!), first: argMax(x!, 0), middle: argMax(x!, 1) }),
      gradientsOf: [],
    },
    {
      name: 'argMax is the first of equals',
      inputs: { x: ties },
      build: ({ x }) => ({ y: argMax(x!) }),
      gradientsOf: [],
      expected: { y: [1, 0] },
    },
    {
      name: 'argMax of int32',
      inputs: { x: tensorData('int32', [2, 2], [1, 2, 4, 3]) },
      build: ({ x }) => ({ y: argMax(x!) }),
      expected: { y: [1, 0] },
    },
    {
      name: 'argMax of no rows',
      inputs: { x: floats([0, 3]) },
      build: ({ x }) => ({ y: argMax(x!) }),
      gradientsOf: [],
    },
    { name: 'topK', inputs: { x: floats([3, 2, 6]) }, build: ({ x }) => ({ ...topK(x!, 4) }) },
    { name: 'topK of all', inputs: { x: floats([5]) }, build: ({ x }) => ({ ...topK(x!, 5) }) },
    { name: 'topK of none', inputs: { x: floats([2, 5]) }, build: ({ x }) => ({ ...topK(x!, 0) }) },
    {
      name: 'topK keeps the order of equals',
      inputs: { x: ties },
      build: ({ x }) => ({ ...topK(x!, 3) }),
      smooth: false,
      expected: { values: [3, 3, 1, -1, -1, -1], indices: [1, 2, 0, 0, 1, 3] },
    },
    {
      name: 'topK of int32',
      inputs: { x: tensorData('int32', [4], [5, -1, 9, 5]) },
      build: ({ x }) => ({ ...topK(x!, 3) }),
      expected: { values: [9, 5, 5], indices: [2, 0, 3] },
    },
    {
      name: 'topK of a long line',
      inputs: { x: floats([2, 3000]) },
      build: ({ x }) => ({ ...topK(x!, 100) }),
      gradientsOf: [],
    },
    {
      name: 'oneHot, indices outside give zeros',
      inputs: { i: tensorData('int32', [2, 3], [0, 2, 1, -1, 3, 2]) },
      build: ({ i }) => ({ y: oneHot(i!, 3) }),
      expected: { y: [1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
    },
    {
      name: 'constants: range and fill',
      inputs: { x: floats([3]) },
      build: ({ x }) => ({ y: add(multiply(x!, fill([2, 1], 0.5)), cast(range(3), 'float32')) }),
    },
    {
      name: 'a batch N goes through indexing',
      inputs: { x: floats([3, 6]), i: below(6, [3, 2]) },
      batched: ['x', 'i'],
      build: ({ x, i }) => ({
        best: argMax(x!, 1),
        ...topK(x!, 2),
        taken: takeAlongAxis(x!, i!, 1),
        columns: gather(x!, range(2), 1),
        hot: oneHot(i!, 6),
      }),
    },
  ];
}

export function indexingCases(): ConformanceCase[] {
  return [...gatherCases(), ...positionCases()];
}
