/** Order of axes in memory: physical axis i is logical axis `permutation[i]`. */
export type Permutation = readonly number[];

/** Order in which TensorFlow.js's kernels take feature maps: N, H, W, C of N, C, H, W. */
export const NHWC: Permutation = [0, 2, 3, 1];
/** Order in which they take convolution weights: kh, kw, I, O of O, I, kh, kw. */
export const HWIO: Permutation = [2, 3, 1, 0];

export const identity = (rank: number): Permutation => Array.from({ length: rank }, (_, axis) => axis);
export const isIdentity = (p: Permutation): boolean => p.every((axis, i) => axis === i);
export const samePermutation = (a: Permutation, b: Permutation): boolean => a.join() === b.join();

/** Where in memory a logical axis is. */
export const physicalAxis = (p: Permutation, axis: number): number => p.indexOf(axis);

/** What is listed by logical axis, listed by physical axis. */
export const toPhysical = <T>(p: Permutation, values: readonly T[]): T[] => p.map((axis) => values[axis]!);

/** The transposition of memory that leads from one order to another. */
export const between = (from: Permutation, to: Permutation): Permutation => to.map((axis) => from.indexOf(axis));

/** The order of a tensor's memory after its logical axes were permuted, memory untouched: result axis i is axis `permutation[i]`. */
export const relabeled = (p: Permutation, permutation: readonly number[]): Permutation =>
  p.map((axis) => permutation.indexOf(axis));

/** A transposition that only moves axes of size 1 leaves memory as it is, as does one of nothing. */
export function movesNothing(shape: readonly number[], permutation: Permutation): boolean {
  if (shape.includes(0)) return true;
  const moved = permutation.filter((axis) => shape[axis] !== 1);
  return moved.every((axis, i) => i === 0 || axis > moved[i - 1]!);
}
