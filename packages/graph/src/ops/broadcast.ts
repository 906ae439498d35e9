import { NatsError } from '../errors.js';
import { type Dimension, formatShape, type Shape } from '../tensor.js';
import { type NumericArray, stridesOf } from '../tensor-data.js';

/**
 * NumPy's broadcasting rule: align the shapes at the right; two dimensions fit if they are equal or one of them is 1.
 * @throws NatsError `shape`
 */
export function broadcastShapes(a: Shape, b: Shape): Dimension[] {
  const rank = Math.max(a.length, b.length);
  const result: Dimension[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new NatsError('shape', {
        rule: 'shapes broadcast if, aligned at the right, their dimensions are equal or 1',
        received: `${formatShape(a)} and ${formatShape(b)}`,
        limit: `axis ${axis} is ${left} against ${right}`,
      });
    }
    result.push(left === 1 ? right : left);
  }
  return result;
}

/**
 * For each element of `shape`, in row-major order, the offset of the element of a tensor of shape `from` that
 * broadcasts to it. Reference evaluation only: clear, not fast.
 */
export function broadcastOffsets(from: readonly number[], shape: readonly number[]): Int32Array {
  const strides = stridesOf(from);
  const lead = shape.length - from.length;
  const steps = shape.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : strides[axis - lead]!));
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const offsets = new Int32Array(size);
  const index = new Array<number>(shape.length).fill(0);
  let offset = 0;
  for (let position = 0; position < size; position++) {
    offsets[position] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      offset += steps[axis]!;
      if (index[axis]! < shape[axis]!) break;
      offset -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return offsets;
}

/** Reference result memory for a dtype: float64 where engines have float32. */
export function referenceArray(dtype: string, size: number): NumericArray {
  if (dtype === 'float32') return new Float64Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}
