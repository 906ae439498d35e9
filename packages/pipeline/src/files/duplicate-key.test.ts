import { expect, test } from 'vitest';
import { duplicateKey } from './duplicate-key.js';

test.each([
  ['{"a": 1, "b": {"a": 1}}', undefined],
  ['{"a": [{"b": 1}, {"b": 2}], "c": "a", "d": "{\\"a\\": 1, \\"a\\": 2}"}', undefined],
  ['{"a": 1, "b": {}, "a": 2}', 'a'],
  ['{"variants": {"searched": {}, "x": {"searched": 1}, "\\u0073earched": {}}}', 'variants.searched'],
  ['[1, [{"k": {"l": 1, "l" : 2}}]]', 'k.l'],
])('keys that an object has twice are found: %s', (text, expected) => {
  expect(() => JSON.parse(text)).not.toThrow();
  expect(duplicateKey(text)).toBe(expected);
});
