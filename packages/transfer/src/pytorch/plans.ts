import { decodeElements, STORED_BYTES } from '../elements.js';
import type { NumpyArray, StorageRef, TensorRef } from '../pickle/values.js';
import { bad, quote, type Source } from '../source.js';
import { gatherBytes, isContiguous } from '../strided.js';
import type { TensorPlan } from '../weights.js';
import type { StateDict } from './state-dict.js';

/** Finds the bytes of a storage, at least as many as it counts. */
export type StorageReader = (storage: StorageRef) => Uint8Array;

/** Plans the tensors of a state dict. Storages are looked up (and checked) now, values are copied when read. */
export function planStateDict(source: Source, state: StateDict, readStorage: StorageReader): TensorPlan[] {
  return state.tensors.map(({ name, value }) =>
    value.kind === 'tensor' ? planTensor(name, value, readStorage(value.storage)) : planNumpy(source, name, value),
  );
}

/** Bytes that a storage's view starts at, and that it needs in all. */
export function storageBytes(storage: StorageRef): { width: number; total: number } {
  const width = storage.stored === null ? 1 : STORED_BYTES[storage.stored];
  return { width, total: storage.count * width };
}

function planTensor(name: string, tensor: TensorRef, storage: Uint8Array): TensorPlan {
  const { shape, strides, stored, offset } = tensor;
  const view = storage.subarray(tensor.storage.viewStart * storageBytes(tensor.storage).width);
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const read = () => {
    const width = STORED_BYTES[stored];
    const bytes = isContiguous(shape, strides)
      ? view.subarray(offset * width, (offset + size) * width)
      : gatherBytes(view, stored, offset, shape, strides);
    return decodeElements(bytes, stored, size);
  };
  return { name, stored, shape, read };
}

function planNumpy(source: Source, name: string, array: NumpyArray): TensorPlan {
  const { content } = array;
  if (content === undefined) {
    throw bad(source, `array ${quote(name)}`, 'a numpy array has a state', 'none');
  }
  return planArray(name, content);
}

/** Plans an array that numpy stored, in C or Fortran order. */
export function planArray(name: string, content: NonNullable<NumpyArray['content']>): TensorPlan {
  const { stored, shape, fortranOrder, data } = content;
  const read = () => {
    const bytes = fortranOrder ? gatherBytes(data, stored, 0, shape, fortranStrides(shape)) : data;
    return decodeElements(bytes, stored, data.length / STORED_BYTES[stored]);
  };
  return { name, stored, shape, read };
}

/** The first dimension varies fastest. */
function fortranStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map((dimension) => {
    const own = stride;
    stride *= dimension;
    return own;
  });
}
