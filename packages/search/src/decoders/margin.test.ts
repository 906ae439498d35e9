import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from './decode.js';
import { preferOriginal } from './margin.js';

const rows = [
  [0.2, 0.5, 0.3],
  [0.1, 0.85, 0.05],
  [0.5, 0.3, 0.2],
  [0.3, 0.3, 0.4],
];
const preferences = { probabilities: rows, channels: 4 };

test('by argmax only what is more than margin times as probable as (1,1) replaces it', () => {
  const chosen = (margin: number) => Array.from(decode(preferOriginal(preferences, 0, margin), { method: 'argmax' }));
  expect(chosen(1)).toEqual([1, 1, 0, 2]);
  expect(chosen(2)).toEqual([1, 1, 0, 0]);
  expect(chosen(3)).toEqual([0, 1, 0, 0]);
  expect(chosen(10)).toEqual([0, 0, 0, 0]);
});

test('odds against (1,1) fall by the margin, those between dilations stay, and rows sum to 1', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 2, maxLength: 5 }),
      fc.double({ min: 0.1, max: 100, noNaN: true }),
      (weights, margin) => {
        const sum = weights.reduce((a, b) => a + b);
        const before = weights.map((value) => value / sum);
        const [after] = preferOriginal({ probabilities: [before], channels: 1 }, 0, margin).probabilities;
        expect(after!.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
        for (let g = 1; g < weights.length; g++) {
          expect(after![g]! / after![0]!).toBeCloseTo(before[g]! / before[0]! / margin, 8);
          expect(after![g]! / after![1]!).toBeCloseTo(before[g]! / before[1]!, 8);
        }
      },
    ),
  );
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a margin of %d is refused', (margin) => {
  expect(() => preferOriginal(preferences, 0, margin)).toThrow(/how many times as probable.*a positive number/);
});
