// The reference implementation is NumPy code: its sums and thresholds are reproduced digit by digit.

/** `np.linspace`: the last value is exactly `stop`. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? stop : i * step + start));
}

/**
 * How NumPy adds the numbers of an array: since 2.3 by halving the whole of it; before, in parts of 8192 (its buffer), each by
 * halving, their sums one after the other. Up to 8192 numbers it is the same, beyond it the last digit may differ.
 */
export type NumpySummation = 'whole' | 'in parts';

const PART = 8192;
/** Arrays up to this length are not halved. */
const BLOCK = 128;

/** `np.add.reduce` of a contiguous float64 array. */
export function numpySum(values: Float64Array, summation: NumpySummation = 'whole'): number {
  if (summation === 'whole') return pairwiseSum(values);
  let sum = 0;
  for (let start = 0; start < values.length; start += PART) sum += pairwiseSum(values.subarray(start, start + PART));
  return sum;
}

/** Pairwise summation (numpy/core/src/umath/loops_utils.h). */
function pairwiseSum(values: Float64Array): number {
  const { length } = values;
  if (length < 8) {
    let sum = 0;
    for (const value of values) sum += value;
    return sum;
  }
  if (length > BLOCK) {
    const half = Math.floor(length / 2);
    const middle = half - (half % 8);
    return pairwiseSum(values.subarray(0, middle)) + pairwiseSum(values.subarray(middle));
  }
  const r = values.slice(0, 8);
  let i = 8;
  for (; i < length - (length % 8); i += 8) for (let k = 0; k < 8; k++) r[k]! += values[i + k]!;
  let sum = r[0]! + r[1]! + (r[2]! + r[3]!) + (r[4]! + r[5]! + (r[6]! + r[7]!));
  for (; i < length; i++) sum += values[i]!;
  return sum;
}

/** `np.mean` of a contiguous float64 array. */
export function mean(values: Float64Array, summation?: NumpySummation): number {
  return numpySum(values, summation) / values.length;
}

/**
 * `'{:.Nf}'.format(value)` of Python: like `toFixed`, but a value exactly between two texts becomes the even one (0.0625 to
 * three digits is 0.062, not 0.063).
 */
export function formatFixed(value: number, digits: number): string {
  // Exactly between: value * 10^digits is an odd number of halves, so value * 2^(digits + 1) is an odd whole number.
  const halves = Math.abs(value) * 2 ** (digits + 1);
  const text = value.toFixed(digits);
  if (halves % 2 !== 1 || Number(text.at(-1)) % 2 === 0) return text;
  // `toFixed` went away from zero, to an odd digit; the even one is a digit nearer to zero.
  return `${text.slice(0, -1)}${Number(text.at(-1)) - 1}`;
}
