/** Mean and sample standard deviation; no deviation for a single value. */
export interface Spread {
  readonly mean: number;
  readonly deviation?: number;
}

/** Mean and sample standard deviation of values. */
export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length < 2) return { mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** A value of one run and the seed it came from. */
export interface Seeded {
  readonly seed?: number | undefined;
  readonly value: number;
}

/** How much larger one mean is than another. */
export interface Difference {
  readonly mean: number;
  /** 95 % confidence interval of the mean difference; missing where there is one run of either. */
  readonly interval?: readonly [number, number];
  /** Runs of the same seed are compared with each other. */
  readonly paired: boolean;
  /** Whether it is larger than what seeds alone make: the interval does not hold 0. `unknown` without an interval. */
  readonly verdict: 'beyond' | 'within' | 'unknown';
}

/**
 * How much larger `b` is than `a` on average: from pairs of equal seeds if all have partners, else by Welch's interval
 * for two independent samples. Undefined if either is empty.
 */
export function difference(a: readonly Seeded[], b: readonly Seeded[]): Difference | undefined {
  if (a.length === 0 || b.length === 0) return undefined;
  const pairs = pairsOf(a, b);
  const [first, second] = [a, b].map((values) => spread(values.map(({ value }) => value))) as [Spread, Spread];
  const mean = second.mean - first.mean;
  if (pairs) {
    const { deviation } = spread(pairs);
    if (deviation === undefined) return { mean, paired: true, verdict: 'unknown' };
    return evaluated(mean, (studentT(pairs.length - 1) * deviation) / Math.sqrt(pairs.length), true);
  }
  if (first.deviation === undefined || second.deviation === undefined)
    return { mean, paired: false, verdict: 'unknown' };
  const [va, vb] = [first.deviation ** 2 / a.length, second.deviation ** 2 / b.length];
  if (va + vb === 0) return evaluated(mean, 0, false);
  const degrees = (va + vb) ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1));
  return evaluated(mean, studentT(Math.floor(degrees)) * Math.sqrt(va + vb), false);
}

function evaluated(mean: number, halfWidth: number, paired: boolean): Difference {
  const verdict = mean !== 0 && Math.abs(mean) > halfWidth ? 'beyond' : 'within';
  return { mean, interval: [mean - halfWidth, mean + halfWidth], paired, verdict };
}

function pairsOf(a: readonly Seeded[], b: readonly Seeded[]): number[] | undefined {
  const partners = new Map(a.map(({ seed, value }) => [seed, value]));
  const complete =
    a.length === b.length &&
    partners.size === a.length &&
    !partners.has(undefined) &&
    new Set(b.map(({ seed }) => seed)).size === b.length &&
    b.every(({ seed }) => partners.has(seed));
  return complete ? b.map(({ seed, value }) => value - partners.get(seed)!) : undefined;
}

/** 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom. */
const T975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Rounded up where the table ends: 2.042 stands for 30 degrees and more. */
function studentT(degrees: number): number {
  return T975[Math.max(1, Math.min(degrees, T975.length)) - 1]!;
}
