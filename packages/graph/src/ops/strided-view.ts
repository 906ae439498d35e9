import { sizeOf, type TensorData } from '../tensor-data.js';
import { referenceArray } from './broadcast.js';

/** Copies a strided view. Reference evaluation of transpose, slice and reverse. */
export function gatherByStrides(
  x: TensorData,
  shape: readonly number[],
  steps: readonly number[],
  start: number,
): TensorData {
  const data = referenceArray(x.dtype, sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  let offset = start;
  for (let i = 0; i < data.length; i++) {
    data[i] = x.data[offset]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      offset += steps[axis]!;
      if (index[axis]! < shape[axis]!) break;
      offset -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { dtype: x.dtype, shape, data };
}
