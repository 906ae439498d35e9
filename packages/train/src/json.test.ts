import { expect, test } from 'vitest';
import { jsonDifferences, toJson } from './json.js';

test('differences are told by their path', () => {
  const recorded = { a: 1, list: [1, 2], same: { deep: true } };
  expect(jsonDifferences(recorded, { a: 1, list: [1, 2], same: { deep: true } })).toEqual([]);
  expect(jsonDifferences(recorded, { a: 2, list: [1], same: { deep: true }, more: 'x' })).toEqual([
    'a: 1, here 2',
    'list.1: 2, here nothing',
    'more: nothing, here "x"',
  ]);
  expect(jsonDifferences([1], { 0: 1 })).toEqual(['value: [1], here {"0":1}']);
  expect(jsonDifferences(null, undefined)).toEqual(['value: null, here nothing']);
});

test('plain data is what a file would hold', () => {
  expect(toJson({ a: undefined, f: () => 1, b: [Number.NaN, 1] })).toEqual({ b: [null, 1] });
  expect(toJson(undefined)).toBe(null);
});
