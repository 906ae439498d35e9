/**
 * Least squares with few equations: minimizes |A x - y|^2 + weight |x|^2 + weight |second differences of x[1..]|^2, by the normal
 * equations. So what the equations leave open is small and smooth.
 * @param a rows of equal length
 */
export function smoothLeastSquares(a: readonly (readonly number[])[], y: readonly number[], weight: number): number[] {
  const size = a[0]!.length;
  const roughness: number[][] = [];
  for (let i = 1; i + 2 < size; i++) {
    const row = new Array<number>(size).fill(0);
    [row[i], row[i + 1], row[i + 2]] = [1, -2, 1];
    roughness.push(row);
  }
  const matrix = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => {
      let sum = i === j ? weight : 0;
      for (const row of a) sum += row[i]! * row[j]!;
      for (const row of roughness) sum += weight * row[i]! * row[j]!;
      return sum;
    }),
  );
  const right = Array.from({ length: size }, (_, i) => a.reduce((sum, row, r) => sum + row[i]! * y[r]!, 0));
  return solve(matrix, right);
}

/** Gauss's elimination for a symmetric positive definite matrix, in place. */
function solve(matrix: number[][], right: number[]): number[] {
  const size = right.length;
  for (let i = 0; i < size; i++) {
    for (let r = i + 1; r < size; r++) {
      const factor = matrix[r]![i]! / matrix[i]![i]!;
      for (let c = i; c < size; c++) matrix[r]![c]! -= factor * matrix[i]![c]!;
      right[r]! -= factor * right[i]!;
    }
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let c = i + 1; c < size; c++) right[i]! -= matrix[i]![c]! * right[c]!;
    right[i]! /= matrix[i]![i]!;
  }
  return right;
}
