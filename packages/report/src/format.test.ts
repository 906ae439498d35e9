import { expect, test } from 'vitest';
import { formatDifference, formatNumber, formatPercent, listed } from './format.js';

test.each([
  [1234, 0, '1234'],
  [311_359, 0, '311\u202F359'],
  [-12.34, 1, '\u221212.3'],
  [-0.04, 1, '0.0'],
  [undefined, 1, '–'],
  [Number.NaN, 1, '–'],
  [Number.POSITIVE_INFINITY, 0, '–'],
])('number %s with %i digits is %s', (value, digits, text) => {
  expect(formatNumber(value, digits)).toBe(text);
});

test('differences have signs, and none that rounding hides', () => {
  expect([3.04, -3.04, 0.04, -0.04, 0].map((value) => formatDifference(value, 1))).toEqual([
    '+3.0',
    '\u22123.0',
    '±0.0',
    '±0.0',
    '±0.0',
  ]);
});

test('percent: -1 means that there are no objects', () => {
  expect([0.2198, -1, 0, undefined].map((part) => formatPercent(part))).toEqual(['22.0', '–', '0.0', '–']);
});

test('lists', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual(['', 'a', 'a and b', 'a, b and c']);
});
