/** Mean and sample standard deviation; deviation 0 for a single value. */
export function spread(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom; 1.96 beyond. */
const T975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131];

/** Mean of paired differences with half the width of its 95 % confidence interval; infinite for a single pair. */
export function pairedDifference(
  a: readonly number[],
  b: readonly number[],
): { mean: number; halfWidth: number; deviation: number } {
  const { mean, deviation } = spread(a.map((value, i) => value - b[i]!));
  const degrees = a.length - 1;
  if (degrees < 1) return { mean, deviation, halfWidth: Number.POSITIVE_INFINITY };
  const t = T975[degrees - 1] ?? 1.96;
  return { mean, deviation, halfWidth: (t * deviation) / Math.sqrt(a.length) };
}
