import { STORED_BYTES, type StoredDType } from './elements.js';

/** True when the strides are row-major for the shape (dimensions of size 1 may have any stride). */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** One past the last element that a strided view touches; `offset` when the view is empty. */
export function stridedEnd(offset: number, shape: readonly number[], strides: readonly number[]): number {
  let last = offset;
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 0) return offset;
    last += (shape[axis]! - 1) * strides[axis]!;
  }
  return last + 1;
}

/**
 * Copies a strided view into row-major bytes.
 * @param storage bytes of the storage. The caller has checked that offset, shape and strides stay inside it.
 * @param offset first element; `strides` in elements, not negative; stride 0 repeats.
 */
export function gatherBytes(
  storage: Uint8Array,
  stored: StoredDType,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const width = STORED_BYTES[stored];
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const out = new Uint8Array(size * width);
  if (size === 0) return out;
  const index = new Array<number>(shape.length).fill(0);
  let from = offset * width;
  for (let to = 0; to < out.length; to += width) {
    for (let byte = 0; byte < width; byte++) out[to + byte] = storage[from + byte]!;
    // Odometer: the last axis turns fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]! * width;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]! * width;
      index[axis] = 0;
    }
  }
  return out;
}
