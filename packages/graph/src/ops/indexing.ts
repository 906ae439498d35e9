import { check } from '../errors.js';
import { apply, applyAll, defineOp } from '../op.js';
import { formatType, type Tensor, type TensorType } from '../tensor.js';
import { sizeOf, type TensorData, tensorData } from '../tensor-data.js';
import { normalizeAxis } from './axes.js';
import { equal, lessEqual } from './binary.js';
import { referenceArray } from './broadcast.js';
import { cast } from './cast.js';
import { matMul } from './matmul.js';
import { reshape, transpose } from './reshape.js';
import { constant, constantOp, range } from './source.js';

/** The op of `gather`. */
export const gatherOp = defineOp<{ readonly axis: number }, [x: Tensor, indices: Tensor]>({
  name: 'gather',
  infer: ([x, indices], { axis }) => {
    check(indices.dtype === 'int32', 'dtype', () => ({
      rule: 'gather takes int32 indices',
      received: formatType(indices),
    }));
    return [{ dtype: x.dtype, shape: x.shape.toSpliced(axis, 1, ...indices.shape) }];
  },
  // A scatter with duplicate indices races on some engines: a product with a one-hot matrix sums in a fixed order.
  // A permutation known beforehand is undone by a second gather, for the price of a copy.
  gradient: ({ inputs: [x, indices], gradients: [g], attributes: { axis } }) => {
    const length = x.shape[axis] as number;
    const inverse = constantInverse(indices, length);
    if (inverse) return [gather(g, constant(inverse), axis), undefined];
    const count = sizeOf(indices.shape as number[]);
    const before = sizeOf(x.shape.slice(0, axis) as number[]);
    const after = sizeOf(x.shape.slice(axis + 1) as number[]);
    const chosen = oneHot(reshape(indices, [count]), length);
    const summed = matMul(chosen, reshape(g, [before, count, after]), { transposeA: true });
    return [reshape(summed, x.shape), undefined];
  },
  evaluate: ([x, indices], { axis }) => {
    const length = x.shape[axis]!;
    const outer = sizeOf(x.shape.slice(0, axis));
    const inner = sizeOf(x.shape.slice(axis + 1));
    const count = indices.data.length;
    const outside = indices.data.find((index) => index < 0 || index >= length);
    check(outside === undefined, 'attribute', () => ({
      rule: 'indices lie inside the axis that they index',
      received: String(outside),
      limit: `0 to ${length - 1}`,
    }));
    const data = referenceArray(x.dtype, outer * count * inner);
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < count; k++) {
        const start = (o * length + indices.data[k]!) * inner;
        data.set(x.data.subarray(start, start + inner), (o * count + k) * inner);
      }
    }
    return [{ dtype: x.dtype, shape: x.shape.toSpliced(axis, 1, ...indices.shape), data }];
  },
});

/** The inverse of constant indices that are a permutation of 0 to length - 1. */
function constantInverse(indices: Tensor, length: number): TensorData | undefined {
  if (indices.node.op !== constantOp || indices.shape.length !== 1 || indices.shape[0] !== length) return undefined;
  const { data } = (indices.node.attributes as { value: TensorData }).value;
  const inverse = new Int32Array(length).fill(-1);
  for (const [position, index] of data.entries()) inverse[index] = position;
  return inverse.includes(-1) ? undefined : tensorData('int32', [length], inverse);
}

/** Entries of `x` along `axis` at `indices` (int32, any shape, 0 to size - 1): their shape replaces the axis. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return apply(gatherOp, [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
}

/** float32 `[…, depth]`: 1 at the index, 0 elsewhere; a row of zeros for an index outside 0 to depth - 1. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  return cast(equal(reshape(indices, [...indices.shape, 1]), range(depth)), 'float32');
}

/** The op of `argMax`. */
export const argMaxOp = defineOp<{ readonly axis: number }, [x: Tensor]>({
  name: 'argMax',
  infer: ([x], { axis }) => {
    check(isNumeric(x) && x.shape[axis] !== 0, 'shape', () => ({
      rule: 'argMax takes float32 or int32 with at least one element along the axis',
      received: formatType(x),
    }));
    return [{ dtype: 'int32', shape: x.shape.toSpliced(axis, 1) }];
  },
  evaluate: ([x], { axis }) => {
    const length = x.shape[axis]!;
    const inner = sizeOf(x.shape.slice(axis + 1));
    const shape = x.shape.toSpliced(axis, 1);
    const data = new Int32Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      const start = Math.floor(i / inner) * length * inner + (i % inner);
      let best = 0;
      for (let k = 1; k < length; k++) if (x.data[start + k * inner]! > x.data[start + best * inner]!) best = k;
      data[i] = best;
    }
    return [{ dtype: 'int32', shape, data }];
  },
});

const isNumeric = ({ dtype }: TensorType) => dtype === 'float32' || dtype === 'int32';

/** Position of the first maximum along an axis, which is removed. */
export function argMax(x: Tensor, axis = -1): Tensor {
  return apply(argMaxOp, [x], { axis: normalizeAxis(axis, x.shape.length) });
}

/** The op of `topK`. */
export const topKOp = defineOp<{ readonly k: number }, [x: Tensor], [values: Tensor, indices: Tensor]>({
  name: 'topK',
  infer: ([x], { k }) => {
    const length = x.shape.at(-1);
    const valid = length !== undefined && length !== 'N' && Number.isInteger(k) && k >= 0 && k <= length;
    check(valid && isNumeric(x), 'attribute', () => ({
      rule: 'topK takes float32 or int32, and at most as many values as the last axis has',
      received: `k = ${k} of ${formatType(x)}`,
    }));
    const shape = x.shape.with(-1, k);
    return [
      { dtype: x.dtype, shape },
      { dtype: 'int32', shape },
    ];
  },
  gradient: ({ inputs: [x], outputs: [, indices], gradients: [g], attributes: { k } }) => {
    if (!g) return [undefined];
    const length = x.shape.at(-1) as number;
    const rows = sizeOf(x.shape.slice(0, -1) as number[]);
    const chosen = oneHot(reshape(indices, [rows, k]), length);
    return [reshape(matMul(reshape(g, [rows, 1, k]), chosen), x.shape)];
  },
  evaluate: ([x], { k }) => {
    const length = x.shape.at(-1)!;
    const shape = x.shape.with(-1, k);
    const values = referenceArray(x.dtype, sizeOf(shape));
    const indices = new Int32Array(sizeOf(shape));
    for (let row = 0; row * k < indices.length; row++) {
      const line = x.data.subarray(row * length, (row + 1) * length);
      const order = Array.from(line, (_, i) => i).sort((a, b) => line[b]! - line[a]! || a - b);
      for (let i = 0; i < k; i++) {
        indices[row * k + i] = order[i]!;
        values[row * k + i] = line[order[i]!]!;
      }
    }
    return [
      { dtype: x.dtype, shape, data: values },
      { dtype: 'int32', shape, data: indices },
    ];
  },
});

/** The k largest values along the last axis, in falling order, and their positions (int32); of equals the first comes first. */
export function topK(x: Tensor, k: number): { readonly values: Tensor; readonly indices: Tensor } {
  const [values, indices] = applyAll(topKOp, [x], { k });
  return { values, indices };
}

/** Sums along an axis up to and including each position: a product with a triangular matrix. */
export function cumulativeSum(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.shape.length);
  const length = x.shape[at] as number;
  const upper = cast(lessEqual(reshape(range(length), [length, 1]), range(length)), 'float32');
  const order = [...x.shape.keys()].filter((i) => i !== at).concat(at);
  const moved = transpose(x, order);
  const summed = reshape(matMul(reshape(moved, [-1, length]), upper), moved.shape);
  return transpose(
    summed,
    order.map((_, i) => order.indexOf(i)),
  );
}
