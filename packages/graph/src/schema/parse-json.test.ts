import { describe, expect, test } from 'vitest';
import { parseJson } from './parse-json.js';

describe('JSON files', () => {
  test('are read with a byte order mark, and with the numbers that Python writes', () => {
    expect(parseJson('\uFEFF{"a": [1]}', 'x.json')).toEqual({ a: [1] });
    expect(parseJson('{"a": NaN, "b": [-Infinity, "a NaN here"]}', 'x.json')).toEqual({
      a: 'NaN',
      b: ['-Infinity', 'a NaN here'],
    });
  });

  test.each([
    ['', /^x\.json: received an empty file, but a JSON file is complete and correct/],
    ['{\n  "a": 1,\n  b: 2\n}', /^x\.json, line 3, column 3: received .*b: 2/],
    ['{"a": [1, 2', /^x\.json, line 1, column 12: received an end before the value is complete/],
    ['{"a": NaN, b}', /^x\.json.*received .*complete and correct/],
  ])('that are broken say where: %j', (text, message) => {
    expect(() => parseJson(text, 'x.json')).toThrow(message);
  });

  test('of an implausible size are not parsed', () => {
    expect(() => parseJson('[1, 2, 3]', 'x.json', 5)).toThrow(/received 9 characters.*at most 5/);
  });
});
