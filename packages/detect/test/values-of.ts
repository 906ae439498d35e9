import { assemble, constant, type Dimension, evaluate, type Tensor, type TensorData, tensorData } from '@nats/graph';

/** Values of tensors that depend on constants alone, by the float64 reference (no folding: that would round to float32). */
export function valuesOf<K extends string>(tensors: Readonly<Record<K, Tensor>>): Record<K, TensorData> {
  return evaluate(assemble(new Map(Object.entries(tensors)), new Map())).outputs as Record<K, TensorData>;
}

/** A float32 constant from nested rows. */
export function rows(...values: readonly (readonly number[])[]): Tensor {
  return constant(tensorData('float32', [values.length, values[0]?.length ?? 4], values.flat()));
}

export function floats(shape: readonly Dimension[], values: readonly number[]): Tensor {
  return constant(tensorData('float32', shape as number[], values));
}

export function ints(shape: readonly number[], values: readonly number[]): Tensor {
  return constant(tensorData('int32', shape, values));
}
