import { hash32, hashNormal, hashUniform } from '../random.js';
import { sizeOf, type TensorData, tensorData } from '../tensor-data.js';

/**
 * A float32 tensor of hashed normals: the same values on every machine, in every run and in tools/golden. A tensor of a
 * name takes `seedOf(seed, name)` as its seed, so that tensors of one fixture differ.
 */
export function hashed(shape: readonly number[], seed: number): TensorData {
  return tensorData(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => hashNormal(seed, i)),
  );
}

/** A float32 tensor of hashed uniforms in [low, high). */
export function hashedUniform(shape: readonly number[], seed: number, low = 0, high = 1): TensorData {
  return tensorData(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => low + (high - low) * hashUniform(seed, i)),
  );
}

/** An int32 tensor of hashed integers in [0, limit): labels, indices. */
export function hashedIntegers(shape: readonly number[], seed: number, limit: number): TensorData {
  return tensorData(
    'int32',
    shape,
    Int32Array.from({ length: sizeOf(shape) }, (_, i) => hash32(seed, i) % limit),
  );
}
