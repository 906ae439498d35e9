import { check } from '@nats/graph';

/**
 * Whole numbers in the ratio of `shares` that sum to `total`, by largest remainder (Hamilton's method; our choice, the
 * paper does not say how it rounds). Equal remainders: the smaller index first.
 * @param shares not negative, not all 0; need not sum to 1
 */
export function apportion(shares: readonly number[], total: number): number[] {
  const sum = shares.reduce((a, b) => a + b, 0);
  check(sum > 0 && shares.every((share) => share >= 0) && Number.isInteger(total) && total >= 0, 'attribute', () => ({
    rule: 'apportioning needs shares that are not negative and not all 0, and a whole total',
    received: `[${shares.join(', ')}] and ${total}`,
  }));
  const exact = shares.map((share) => (share / sum) * total);
  // A share that is whole but for rounding errors is whole.
  const counts = exact.map((value) => Math.floor(value + 1e-9));
  const order = [...shares.keys()].sort((a, b) => exact[b]! - counts[b]! - (exact[a]! - counts[a]!) || a - b);
  let left = total - counts.reduce((a, b) => a + b, 0);
  for (let i = 0; left > 0; i = (i + 1) % order.length, left--) counts[order[i]!]!++;
  return counts;
}

/**
 * Like `apportion`, but in multiples of `multiple`: kernels run best on whole blocks of channels. What a total that is
 * no multiple leaves over goes to the largest count.
 */
export function apportionMultiples(shares: readonly number[], total: number, multiple: number): number[] {
  check(Number.isInteger(multiple) && multiple >= 1, 'attribute', () => ({
    rule: 'counts are rounded to whole multiples of at least 1',
    received: String(multiple),
  }));
  const blocks = apportion(shares, Math.floor(total / multiple));
  const counts = blocks.map((block) => block * multiple);
  const rest = total % multiple;
  if (rest > 0) {
    const largest = counts.some((count) => count > 0) ? counts.indexOf(Math.max(...counts)) : indexOfMaximum(shares);
    counts[largest]! += rest;
  }
  return counts;
}

/** Position of the first maximum. */
export function indexOfMaximum(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}
