import { expect, test } from 'vitest';
import { floats, ints, valuesOf } from '../../test/values-of.js';
import { matchedRows } from './targets.js';

test('rows are taken image by image', () => {
  const values = floats([2, 2, 1], [10, 11, 20, 21]);
  const { taken } = valuesOf({ taken: matchedRows(values, ints([2, 3], [1, 0, 1, 0, 0, 1])) });
  expect([...taken.data]).toEqual([11, 10, 11, 20, 20, 21]);
});
