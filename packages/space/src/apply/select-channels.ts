import { constant, gather, sliceAxis, type Tensor, tensorData } from '@nats/graph';

export function isIdentity(indices: ArrayLike<number>): boolean {
  for (let i = 0; i < indices.length; i++) if (indices[i] !== i) return false;
  return true;
}

/** Where each index stands: `inverse[permutation[i]] = i`. */
export function invert(permutation: ArrayLike<number>): Int32Array {
  const inverse = new Int32Array(permutation.length);
  for (let i = 0; i < permutation.length; i++) inverse[permutation[i]!] = i;
  return inverse;
}

/** The entries of an axis at these positions, in this order: nothing, a slice, or a gather, the cheapest that does. */
export function selectChannels(x: Tensor, axis: number, indices: ArrayLike<number>): Tensor {
  const start = indices[0] ?? 0;
  for (let i = 0; i < indices.length; i++) {
    if (indices[i] !== start + i) {
      return gather(x, constant(tensorData('int32', [indices.length], indices)), axis);
    }
  }
  return sliceAxis(x, axis, start, start + indices.length);
}
