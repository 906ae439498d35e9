import { formatType } from '../../tensor.js';
import type { TensorData } from '../../tensor-data.js';

/**
 * What is wrong with an engine's result, or undefined. Floats may differ by `tolerance` times the largest finite
 * magnitude of the reference; NaN, infinities and whole numbers must agree.
 */
export function difference(
  actual: TensorData | undefined,
  expected: TensorData,
  tolerance: number,
): string | undefined {
  if (!actual) return 'is missing';
  if (formatType(actual) !== formatType(expected)) return `is ${formatType(actual)}, not ${formatType(expected)}`;
  if (actual.data.length !== expected.data.length) return `has ${actual.data.length} values`;
  const bound = expected.dtype === 'float32' ? tolerance * largest(expected.data) : 0;
  let worst = -1;
  let error = bound;
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [actual.data[i]!, expected.data[i]!];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const distance = Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : Number.POSITIVE_INFINITY;
    if (distance > error) [worst, error] = [i, distance];
  }
  if (worst < 0) return undefined;
  return `element ${worst} is ${actual.data[worst]}, not ${expected.data[worst]} (bound ${bound.toPrecision(2)})`;
}

export function largest(values: ArrayLike<number>): number {
  let result = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!);
    if (magnitude > result && magnitude < Number.POSITIVE_INFINITY) result = magnitude;
  }
  return result;
}
