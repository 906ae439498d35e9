import { allocate, type DType, type NumericArray, type TensorData } from '@nats/graph';
import { tfDtype } from './kernels/kernel.js';
import type { Tfjs, TfTensor } from './module.js';

/** A copy: some backends keep the array that they are given. float64 reference values are rounded. */
export function upload(tf: Tfjs, { dtype, shape, data }: TensorData): TfTensor {
  return tf.tensor(copyOf(tfDtype(dtype), data), shape, tfDtype(dtype));
}

/** A copy: some backends hand out the array that they work on. */
export async function download(tensor: TfTensor, dtype: DType): Promise<TensorData> {
  return { dtype, shape: [...tensor.shape], data: copyOf(dtype, await tensor.data()) };
}

function copyOf(dtype: DType, data: ArrayLike<number>): NumericArray {
  const copy = allocate(dtype, data.length);
  copy.set(data);
  return copy;
}
