/** Below this many values a comparison sort is faster than counting digits. */
const FEW = 512;
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/**
 * Positions in falling order of value, equal ones in their order: `np.argsort(-values, kind='mergesort')`. Linear in the
 * number of values (a radix sort of the bits of float64). Values are not NaN.
 */
export function stableDescending(values: ArrayLike<number>): Int32Array {
  const order = positionsUpTo(values.length);
  if (values.length < FEW) return order.sort((a, b) => values[b]! - values[a]! || a - b);
  const { low, high } = descendingKeys(values);
  let from: Int32Array = order;
  let to: Int32Array = new Int32Array(order.length);
  for (const word of [low, high]) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (sortByDigit(word, shift, from, to)) [from, to] = [to, from];
    }
  }
  return from;
}

/** 0, 1, … */
export function positionsUpTo(count: number): Int32Array {
  const positions = new Int32Array(count);
  for (let i = 0; i < count; i++) positions[i] = i;
  return positions;
}

/** The bits of each value, changed so that a larger value is a smaller unsigned number. */
function descendingKeys(values: ArrayLike<number>): { low: Uint32Array; high: Uint32Array } {
  const low = new Uint32Array(values.length);
  const high = new Uint32Array(values.length);
  const number = new Float64Array(1);
  const words = new Uint32Array(number.buffer);
  const lowWord = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;
  for (let i = 0; i < values.length; i++) {
    // -0 becomes 0, its equal.
    number[0] = values[i]! + 0;
    const negative = words[1 - lowWord]! >>> 31 === 1;
    low[i] = negative ? words[lowWord]! : ~words[lowWord]!;
    high[i] = negative ? words[1 - lowWord]! : words[1 - lowWord]! ^ 0x7fffffff;
  }
  return { low, high };
}

/** One stable pass; false, and nothing done, if all values have the same digit. */
function sortByDigit(word: Uint32Array, shift: number, from: Int32Array, to: Int32Array): boolean {
  const next = new Int32Array(DIGITS + 1);
  for (let i = 0; i < word.length; i++) next[((word[i]! >>> shift) & (DIGITS - 1)) + 1]!++;
  if (next.includes(word.length)) return false;
  for (let digit = 1; digit <= DIGITS; digit++) next[digit]! += next[digit - 1]!;
  for (let i = 0; i < from.length; i++) to[next[(word[from[i]!]! >>> shift) & (DIGITS - 1)]!++] = from[i]!;
  return true;
}

/** Positions by group, in their order within each; group `g` is `order[starts[g]]` up to `order[starts[g + 1]]`. */
export interface Groups {
  readonly order: Int32Array;
  readonly starts: Int32Array;
}

/**
 * Sorts positions by their group, stable and linear.
 * @param groupOf group of each position, from 0; -1 leaves it out
 */
export function groupStable(order: Int32Array, groupOf: Int32Array, groups: number): Groups {
  const starts = new Int32Array(groups + 1);
  for (const i of order) if (groupOf[i]! >= 0) starts[groupOf[i]! + 1]!++;
  for (let group = 0; group < groups; group++) starts[group + 1]! += starts[group]!;
  const next = starts.slice();
  const sorted = new Int32Array(starts[groups]!);
  for (const i of order) if (groupOf[i]! >= 0) sorted[next[groupOf[i]!]!++] = i;
  return { order: sorted, starts };
}
