import { NatsError } from './errors.js';

/**
 * Element types of programs. `float32` is evaluated in float64 by the reference evaluator; integers are indices
 * and counts; `bool` is stored as one byte, 0 or 1; `uint8` is for images.
 */
export type DType = 'float32' | 'int32' | 'bool' | 'uint8';

/** Host memory of each dtype. Float64Array holds a `float32` tensor in the reference evaluator. */
export type NumericArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A tensor's values in host memory, row-major (the last dimension varies fastest). */
export interface TensorData {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: NumericArray;
}

/** Bytes of one element in an engine. */
export const BYTES_PER_ELEMENT: Readonly<Record<DType, number>> = { float32: 4, int32: 4, bool: 1, uint8: 1 };

/** Number of elements of a shape; 1 for a scalar `[]`. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dimension of shape) size *= dimension;
  return size;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Zeroed host memory for a dtype, in the precision of engines. */
export function allocate(dtype: DType, size: number): NumericArray {
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}

/**
 * Makes tensor data from values.
 * @throws NatsError `shape` if the number of values is not the product of the shape.
 */
export function tensorData(dtype: DType, shape: readonly number[], values: ArrayLike<number>): TensorData {
  const size = sizeOf(shape);
  if (values.length !== size) {
    throw new NatsError('shape', {
      rule: 'a tensor holds as many values as its shape says',
      received: `${values.length} values for shape [${shape.join(', ')}]`,
      limit: `${size} values`,
    });
  }
  const data = allocate(dtype, size);
  data.set(values);
  return { dtype, shape: [...shape], data };
}
