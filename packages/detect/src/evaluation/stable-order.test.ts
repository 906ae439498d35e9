import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupStable, positionsUpTo, stableDescending } from './stable-order.js';

/** Many equal ones, signs, zeros of both signs, infinities, neighbors. */
const values = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, 1 - Number.EPSILON / 2, Infinity, -Infinity, Number.MIN_VALUE, 1e308),
  fc.double({ noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
);

test.each([0, 1, 2, 300, 600, 2000])('%i values are sorted as a stable comparison sort does', (length) => {
  fc.assert(
    fc.property(fc.array(values, { minLength: length, maxLength: length }), (list) => {
      const expected = list.map((_, i) => i).sort((a, b) => (list[a]! > list[b]! ? -1 : list[a]! < list[b]! ? 1 : 0));
      expect(Array.from(stableDescending(list))).toEqual(expected);
    }),
    { numRuns: length > 100 ? 15 : 50 },
  );
});

test('equal values stay in their order', () => {
  expect(Array.from(stableDescending(new Float64Array(1000).fill(0.25)))).toEqual(Array.from(positionsUpTo(1000)));
});

test('groups hold their positions in the given order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1, max: 4 })), (groupOf) => {
      const order = positionsUpTo(groupOf.length).reverse();
      const { order: sorted, starts } = groupStable(order, Int32Array.from(groupOf), 5);
      const groups = Array.from({ length: 5 }, (_, g) => Array.from(sorted.subarray(starts[g], starts[g + 1])));
      expect(groups).toEqual(Array.from({ length: 5 }, (_, g) => Array.from(order).filter((i) => groupOf[i] === g)));
    }),
  );
});
