import { concat, split, stack } from '../../../ops/concat.js';
import { broadcastTo, flatten, reshape, transpose } from '../../../ops/reshape.js';
import { upsampleNearest } from '../../../ops/resize.js';
import { pad, reverse, slice } from '../../../ops/slice.js';
import { seedOf } from '../../../random.js';
import type { Tensor } from '../../../tensor.js';
import { type TensorData, tensorData } from '../../../tensor-data.js';
import { hashed, hashedIntegers } from '../../hashed.js';
import type { ConformanceCase } from '../case.js';

const floats = (shape: readonly number[]) => hashed(shape, seedOf(1, `layout ${shape}`));
const bytes = (shape: readonly number[]): TensorData => {
  const labels = hashedIntegers(shape, seedOf(1, `layout ${shape}`), 200);
  return { dtype: 'uint8', shape: labels.shape, data: Uint8Array.from(labels.data) };
};
const bools = (shape: readonly number[]): TensorData => {
  const labels = hashedIntegers(shape, seedOf(1, `layout ${shape}`), 2);
  return { dtype: 'bool', shape: labels.shape, data: Uint8Array.from(labels.data) };
};

const one = (name: string, x: TensorData, op: (x: Tensor) => Tensor): ConformanceCase => ({
  name,
  inputs: { x },
  build: ({ x }) => ({ y: op(x!) }),
});

export function layoutCases(): ConformanceCase[] {
  const twice: ConformanceCase[] = [
    one('reshape', floats([2, 3, 4]), (x) => reshape(x, [4, -1])),
    one('reshape to a scalar', floats([1, 1]), (x) => reshape(x, [])),
    one('reshape of nothing', floats([0, 3]), (x) => reshape(x, [2, 0, 5])),
    one('flatten', floats([2, 3, 4]), (x) => flatten(x)),
    one('transpose', floats([2, 3, 4]), (x) => transpose(x, [1, 2, 0])),
    one('transpose of all axes', floats([2, 3, 1, 4]), (x) => transpose(x)),
    one('transpose of nothing', floats([2, 0, 4]), (x) => transpose(x, [1, 2, 0])),
    one('transpose of bools', bools([2, 3]), (x) => transpose(x)),
    one('broadcastTo', floats([3, 1]), (x) => broadcastTo(x, [2, 3, 4])),
    one('broadcastTo of a scalar', floats([]), (x) => broadcastTo(x, [2, 3])),
    one('broadcastTo nothing', floats([1, 3]), (x) => broadcastTo(x, [0, 3])),
    one('broadcastTo of uint8', bytes([3, 1]), (x) => broadcastTo(x, [2, 3, 2])),
    one('slice', floats([5, 6]), (x) => slice(x, { 0: [1, 4], 1: [-4, -1] })),
    one('slice with steps that end in the middle', floats([5, 7]), (x) => slice(x, { 0: [1, 5, 3], 1: [0, 7, 2] })),
    one('slice of nothing', floats([5, 3]), (x) => slice(x, { 0: [2, 2] })),
    one('slice of one with a step', floats([5, 3]), (x) => slice(x, { 0: [4, 5, 2] })),
    one('slice of uint8', bytes([4, 5]), (x) => slice(x, { 1: [1, 5, 2] })),
    {
      name: 'split of which a part is not used',
      inputs: { x: floats([2, 6, 3]) },
      build: ({ x }) => {
        const [first, , last] = split(x!, [3, 1, 2], 1);
        return { first: first!, last: last! };
      },
    },
    one('pad', floats([2, 3]), (x) =>
      pad(x, [
        [1, 0],
        [0, 2],
      ]),
    ),
    one('pad with a value', floats([2, 1, 3]), (x) =>
      pad(
        x,
        [
          [0, 1],
          [2, 0],
          [1, 1],
        ],
        -1.5,
      ),
    ),
    one('pad with infinity', floats([2]), (x) => pad(x, [[1, 0]], Number.NEGATIVE_INFINITY)),
    one('pad of nothing', floats([0, 2]), (x) =>
      pad(
        x,
        [
          [1, 1],
          [0, 0],
        ],
        3,
      ),
    ),
    one('pad of int32', tensorData('int32', [3], [1, -2, 3]), (x) => pad(x, [[1, 2]], -7)),
    one('pad of uint8', bytes([2, 2]), (x) =>
      pad(
        x,
        [
          [1, 0],
          [0, 1],
        ],
        114,
      ),
    ),
    one('reverse', floats([2, 3, 4]), (x) => reverse(x, [0, 2])),
    one('reverse of nothing', floats([2, 0]), (x) => reverse(x, [1])),
    one('nearest upsampling', floats([2, 2, 2, 3]), (x) => upsampleNearest(x, 2)),
  ];
  return [
    ...twice.map((subject) => (subject.name === 'pad with infinity' ? { ...subject, gradientsOf: [] } : subject)),
    {
      name: 'concat',
      inputs: { a: floats([2, 1, 3]), b: floats([2, 2, 3]), none: floats([2, 0, 3]) },
      build: ({ a, b, none }) => ({ y: concat([a!, none!, b!, a!], 1), z: concat([a!, a!], -1) }),
    },
    {
      name: 'concat of bools and of int32',
      inputs: { a: bools([2]), b: tensorData('int32', [2], [3, -4]) },
      build: ({ a, b }) => ({ y: concat([a!, a!], 0), z: concat([b!, b!], 0) }),
    },
    {
      name: 'stack',
      inputs: { a: floats([2, 3]), b: floats([2, 3]) },
      build: ({ a, b }) => ({ front: stack([a!, b!], 0), back: stack([a!, b!], -1) }),
    },
    {
      name: 'split',
      inputs: { x: floats([2, 5]) },
      build: ({ x }) => {
        const [a, b, c] = split(x!, [1, 0, 4], 1);
        return { a: a!, b: b!, c: c! };
      },
    },
    {
      name: 'a batch N goes through layout ops',
      inputs: { x: floats([3, 4, 2]), empty: floats([3, 0, 2]) },
      batched: ['x', 'empty'],
      build: ({ x, empty }) => ({
        reshaped: reshape(x!, ['N', 8]),
        inferred: reshape(x!, [-1, 2, 4]),
        flat: flatten(x!),
        turned: transpose(x!, [0, 2, 1]),
        cut: slice(x!, { 1: [1, 4, 2] }),
        padded: pad(
          x!,
          [
            [0, 0],
            [1, 0],
            [0, 2],
          ],
          5,
        ),
        joined: concat([x!, x!], 1),
        wide: broadcastTo(slice(x!, { 1: [0, 1] }), ['N', 4, 2]),
        back: reverse(x!, [1]),
        nothing: reshape(empty!, ['N', 5, 0]),
      }),
    },
  ];
}
