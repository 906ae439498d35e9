import { NatsError } from '../errors.js';

/**
 * Axis as a non-negative number; -1 is the last.
 * @throws NatsError `axis`
 */
export function normalizeAxis(axis: number, rank: number): number {
  const result = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || result < 0 || result >= rank) {
    throw new NatsError('axis', {
      rule: `an axis of a tensor with ${rank} dimensions is a whole number`,
      received: String(axis),
      limit: `${-rank} to ${rank - 1}`,
    });
  }
  return result;
}

/** Sorted, non-negative and without repetition. @throws NatsError `axis` */
export function normalizeAxes(axes: readonly number[], rank: number): number[] {
  const result = axes.map((axis) => normalizeAxis(axis, rank)).sort((a, b) => a - b);
  for (const [i, axis] of result.entries()) {
    if (axis === result[i + 1]) {
      throw new NatsError('axis', { rule: 'axes are different from one another', received: `[${axes.join(', ')}]` });
    }
  }
  return result;
}
