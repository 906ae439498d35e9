import type { DType, NumericArray, TensorData } from '@nats/graph';
import { NatsError } from '@nats/graph';
import type { Tensor, TensorConstructor } from 'onnxruntime-common';

/**
 * Makes onnxruntime's tensors. Each build of onnxruntime has a class of its own, and only takes tensors of that class
 * to write into.
 */
export type TensorFactory = (value: TensorData) => Tensor;

/** In place: onnxruntime reads the array that it is given. float64 reference values are rounded. */
export function tensorFactory(Tensor: TensorConstructor): TensorFactory {
  return ({ dtype, shape, data }) => {
    if (dtype === 'float32') {
      return new Tensor('float32', data instanceof Float32Array ? data : Float32Array.from(data), shape);
    }
    return new Tensor(dtype, data as Int32Array & Uint8Array, shape);
  };
}

export function fromOrt(tensor: Tensor): TensorData {
  const dtype = tensor.type as DType;
  if (!['float32', 'int32', 'bool', 'uint8'].includes(dtype)) {
    throw new NatsError('dtype', { rule: 'a program has outputs of its four dtypes', received: tensor.type });
  }
  return { dtype, shape: tensor.dims, data: tensor.data as NumericArray };
}
