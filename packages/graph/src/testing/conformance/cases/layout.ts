import * as layout from '../../../ops/layout.js';
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
    one('reshape', floats([2, 3, 4]), (x) => layout.reshape(x, [4, -1])),
    one('reshape to a scalar', floats([1, 1]), (x) => layout.reshape(x, [])),
    one('reshape of nothing', floats([0, 3]), (x) => layout.reshape(x, [2, 0, 5])),
    one('flatten', floats([2, 3, 4]), (x) => layout.flatten(x)),
    one('transpose', floats([2, 3, 4]), (x) => layout.transpose(x, [1, 2, 0])),
    one('transpose of all axes', floats([2, 3, 1, 4]), (x) => layout.transpose(x)),
    one('transpose of nothing', floats([2, 0, 4]), (x) => layout.transpose(x, [1, 2, 0])),
    one('transpose of bools', bools([2, 3]), (x) => layout.transpose(x)),
    one('broadcastTo', floats([3, 1]), (x) => layout.broadcastTo(x, [2, 3, 4])),
    one('broadcastTo of a scalar', floats([]), (x) => layout.broadcastTo(x, [2, 3])),
    one('broadcastTo nothing', floats([1, 3]), (x) => layout.broadcastTo(x, [0, 3])),
    one('broadcastTo of uint8', bytes([3, 1]), (x) => layout.broadcastTo(x, [2, 3, 2])),
    one('slice', floats([5, 6]), (x) => layout.slice(x, { 0: [1, 4], 1: [-4, -1] })),
    one('slice with steps that end in the middle', floats([5, 7]), (x) =>
      layout.slice(x, { 0: [1, 5, 3], 1: [0, 7, 2] }),
    ),
    one('slice of nothing', floats([5, 3]), (x) => layout.slice(x, { 0: [2, 2] })),
    one('slice of one with a step', floats([5, 3]), (x) => layout.slice(x, { 0: [4, 5, 2] })),
    one('slice of uint8', bytes([4, 5]), (x) => layout.slice(x, { 1: [1, 5, 2] })),
    {
      name: 'split of which a part is not used',
      inputs: { x: floats([2, 6, 3]) },
      build: ({ x }) => {
        const [first, , last] = layout.split(x!, [3, 1, 2], 1);
        return { first: first!, last: last! };
      },
    },
    one('pad', floats([2, 3]), (x) =>
      layout.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    ),
    one('pad with a value', floats([2, 1, 3]), (x) =>
      layout.pad(
        x,
        [
          [0, 1],
          [2, 0],
          [1, 1],
        ],
        -1.5,
      ),
    ),
    one('pad with infinity', floats([2]), (x) => layout.pad(x, [[1, 0]], Number.NEGATIVE_INFINITY)),
    one('pad of nothing', floats([0, 2]), (x) =>
      layout.pad(
        x,
        [
          [1, 1],
          [0, 0],
        ],
        3,
      ),
    ),
    one('pad of int32', tensorData('int32', [3], [1, -2, 3]), (x) => layout.pad(x, [[1, 2]], -7)),
    one('pad of uint8', bytes([2, 2]), (x) =>
      layout.pad(
        x,
        [
          [1, 0],
          [0, 1],
        ],
        114,
      ),
    ),
    one('reverse', floats([2, 3, 4]), (x) => layout.reverse(x, [0, 2])),
    one('reverse of nothing', floats([2, 0]), (x) => layout.reverse(x, [1])),
    one('nearest upsampling', floats([2, 2, 2, 3]), (x) => layout.upsampleNearest(x, 2)),
  ];
  return [
    ...twice.map((subject) => (subject.name === 'pad with infinity' ? { ...subject, gradientsOf: [] } : subject)),
    {
      name: 'concat',
      inputs: { a: floats([2, 1, 3]), b: floats([2, 2, 3]), none: floats([2, 0, 3]) },
      build: ({ a, b, none }) => ({ y: layout.concat([a!, none!, b!, a!], 1), z: layout.concat([a!, a!], -1) }),
    },
    {
      name: 'concat of bools and of int32',
      inputs: { a: bools([2]), b: tensorData('int32', [2], [3, -4]) },
      build: ({ a, b }) => ({ y: layout.concat([a!, a!], 0), z: layout.concat([b!, b!], 0) }),
    },
    {
      name: 'stack',
      inputs: { a: floats([2, 3]), b: floats([2, 3]) },
      build: ({ a, b }) => ({ front: layout.stack([a!, b!], 0), back: layout.stack([a!, b!], -1) }),
    },
    {
      name: 'split',
      inputs: { x: floats([2, 5]) },
      build: ({ x }) => {
        const [a, b, c] = layout.split(x!, [1, 0, 4], 1);
        return { a: a!, b: b!, c: c! };
      },
    },
    {
      name: 'a batch N goes through layout ops',
      inputs: { x: floats([3, 4, 2]), empty: floats([3, 0, 2]) },
      batched: ['x', 'empty'],
      build: ({ x, empty }) => ({
        reshaped: layout.reshape(x!, ['N', 8]),
        inferred: layout.reshape(x!, [-1, 2, 4]),
        flat: layout.flatten(x!),
        turned: layout.transpose(x!, [0, 2, 1]),
        cut: layout.slice(x!, { 1: [1, 4, 2] }),
        padded: layout.pad(
          x!,
          [
            [0, 0],
            [1, 0],
            [0, 2],
          ],
          5,
        ),
        joined: layout.concat([x!, x!], 1),
        wide: layout.broadcastTo(layout.slice(x!, { 1: [0, 1] }), ['N', 4, 2]),
        back: layout.reverse(x!, [1]),
        nothing: layout.reshape(empty!, ['N', 5, 0]),
      }),
    },
  ];
}
