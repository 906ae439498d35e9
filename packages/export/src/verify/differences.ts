import { check, formatType, type TensorData } from '@nats/graph';

/** How far apart numbers are, at most. */
export interface Difference {
  readonly absolute: number;
  /** As a part of the largest number there is on the first side. */
  readonly relative: number;
}

export const NO_DIFFERENCE: Difference = { absolute: 0, relative: 0 };

/** The larger of two in each respect. */
export function largerDifference(a: Difference, b: Difference): Difference {
  return { absolute: Math.max(a.absolute, b.absolute), relative: Math.max(a.relative, b.relative) };
}

/**
 * Compares two tensors element by element. What is not a number, or infinite on one side alone, is infinitely far apart.
 * @throws NatsError `shape` if they are not of one type
 */
export function compareValues(expected: TensorData, found: TensorData, name = 'value'): Difference {
  check(formatType(expected) === formatType(found), 'shape', () => ({
    rule: 'values that are compared have one dtype and shape',
    received: formatType(found),
    limit: formatType(expected),
    where: name,
  }));
  let [absolute, largest] = [0, 0];
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [expected.data[i]!, found.data[i]!];
    absolute = Math.max(absolute, distance(a, b));
    if (Number.isFinite(a)) largest = Math.max(largest, Math.abs(a));
  }
  return differenceOf(absolute, largest);
}

/** The distance of two numbers, and the part of `scale` that it is. */
export function differenceOf(absolute: number, scale: number): Difference {
  return { absolute, relative: absolute === 0 ? 0 : absolute / scale };
}

export function distance(a: number, b: number): number {
  if (a === b) return 0;
  const apart = Math.abs(a - b);
  return Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
}
