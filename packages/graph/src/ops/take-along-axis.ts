import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { formatType, type Tensor } from '../tensor.js';
import { sizeOf } from '../tensor-data.js';
import { normalizeAxis } from './axes.js';
import { referenceArray } from './broadcast.js';
import { oneHot } from './indexing.js';
import { matMul } from './matmul.js';
import { reshape, transpose } from './reshape.js';

/** The op of `takeAlongAxis`. */
export const takeAlongAxisOp = defineOp<{ readonly axis: number }, [x: Tensor, indices: Tensor]>({
  name: 'takeAlongAxis',
  infer: ([x, indices], { axis }) => {
    const sameElsewhere =
      x.shape.length === indices.shape.length &&
      x.shape.every((dimension, i) => i === axis || dimension === indices.shape[i]);
    check(indices.dtype === 'int32' && sameElsewhere, 'shape', () => ({
      rule: `takeAlongAxis takes int32 indices whose dimensions agree with the tensor's except on axis ${axis}`,
      received: `${formatType(x)} and ${formatType(indices)}`,
    }));
    return [{ dtype: x.dtype, shape: indices.shape }];
  },
  // As for gather: a one-hot product sums duplicates in a fixed order.
  gradient: ({ inputs: [x, indices], gradients: [g], attributes: { axis } }) => {
    const length = x.shape[axis] as number;
    const order = [...x.shape.keys()].filter((i) => i !== axis).concat(axis);
    const moved = transpose(indices, order).shape as number[];
    const [rows, count] = [sizeOf(moved.slice(0, -1)), moved.at(-1)!];
    const lines = (tensor: Tensor) => reshape(transpose(tensor, order), [rows, 1, count]);
    const chosen = oneHot(reshape(lines(indices), [rows, count]), length);
    const summed = reshape(matMul(lines(g), chosen), [...moved.slice(0, -1), length]);
    return [
      transpose(
        summed,
        order.map((_, i) => order.indexOf(i)),
      ),
      undefined,
    ];
  },
  evaluate: ([x, indices], { axis }) => {
    const [length, count] = [x.shape[axis]!, indices.shape[axis]!];
    const inner = sizeOf(x.shape.slice(axis + 1));
    const data = referenceArray(x.dtype, indices.data.length);
    for (let i = 0; i < data.length; i++) {
      const index = indices.data[i]!;
      check(index >= 0 && index < length, 'attribute', () => ({
        rule: 'indices lie inside the axis that they index',
        received: String(index),
        limit: `0 to ${length - 1}`,
      }));
      data[i] = x.data[(Math.floor(i / (count * inner)) * length + index) * inner + (i % inner)]!;
    }
    return [{ dtype: x.dtype, shape: indices.shape, data }];
  },
});

/**
 * For each position of `indices` (int32, 0 to size - 1) the entry of `x` at that index along `axis` and the same
 * position elsewhere: NumPy's `take_along_axis`, PyTorch's `gather`.
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  return apply(takeAlongAxisOp, [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
}
