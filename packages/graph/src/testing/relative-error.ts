import { check } from '../errors.js';
import { formatType } from '../tensor.js';
import type { TensorData } from '../tensor-data.js';

/**
 * max|a - b| / max|b|, or max|a - b| where b is 0 everywhere. NaN anywhere gives NaN, which no bound admits.
 * @throws NatsError `shape` for tensors of different shapes
 */
export function relativeError(actual: TensorData, expected: TensorData): number {
  check(actual.shape.join() === expected.shape.join(), 'shape', () => ({
    rule: 'a compared tensor has the shape of the expected one',
    received: formatType(actual),
    limit: formatType(expected),
  }));
  let [difference, scale] = [0, 0];
  for (const [i, value] of expected.data.entries()) {
    difference = Math.max(difference, Math.abs(actual.data[i]! - value));
    scale = Math.max(scale, Math.abs(value));
  }
  return scale === 0 ? difference : difference / scale;
}
