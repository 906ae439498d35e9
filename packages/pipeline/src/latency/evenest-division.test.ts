import { expect, test } from 'vitest';
import { evenestDivision, partsOf } from './evenest-division.js';

const divisions = [
  [16, 0, 0],
  [14, 2, 0],
  [8, 8, 0],
  [12, 4, 0],
  [12, 2, 2],
  [6, 6, 4],
].map((channels) => ({ channels, extra: 0, low: 0, high: 0 }));
const shape = { sites: ['a'], channels: 16, unit: 1, resolution: 0, contiguous: 0, divisions };

test('of the divisions in so many parts the one whose largest is smallest', () => {
  expect(divisions.map(partsOf)).toEqual([1, 2, 2, 2, 3, 3]);
  expect([1, 2, 3].map((parts) => evenestDivision(shape, parts)?.channels)).toEqual([
    [16, 0, 0],
    [8, 8, 0],
    [6, 6, 4],
  ]);
  expect(evenestDivision(shape, 4)).toBeUndefined();
});
