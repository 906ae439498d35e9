import { expect, test } from 'vitest';
import { KEY_LIMIT, samplingKeys } from './sampling-keys.js';

test('no two keys of a row are equal, and all are whole numbers below the limit', () => {
  for (const seed of [0, 1, 0xffffffff]) {
    const { data } = samplingKeys(1, 100_000, seed);
    expect(new Set(data).size).toBe(data.length);
    expect(data.every((key) => Number.isInteger(key) && key >= 0 && key < KEY_LIMIT)).toBe(true);
  }
});

test('the seed decides, rows differ, and every column is drawn about as often as the others', () => {
  expect(samplingKeys(2, 50, 3)).toEqual(samplingKeys(2, 50, 3));
  expect(samplingKeys(2, 50, 3)).not.toEqual(samplingKeys(2, 50, 4));
  const [columns, drawn, rows] = [40, 10, 4000];
  const { data } = samplingKeys(rows, columns, 7);
  expect(data.subarray(0, columns)).not.toEqual(data.subarray(columns, 2 * columns));
  const counts = new Array<number>(columns).fill(0);
  for (let row = 0; row < rows; row++) {
    const keys = data.subarray(row * columns, (row + 1) * columns);
    const last = keys.toSorted((a, b) => b - a)[drawn - 1]!;
    for (const [column, key] of keys.entries()) if (key >= last) counts[column]!++;
  }
  // 1000 times each on average; the deviation of a fair draw is 27.
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1150);
});

test('more candidates than keys are refused', () => {
  expect(() => samplingKeys(1, KEY_LIMIT + 1, 0)).toThrow(/received 16777217.*at most 2\^24 candidates/);
});
