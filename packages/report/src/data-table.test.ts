import { expect, test } from 'vitest';
import { csvOf, dataDetails, dataUri, jsonOf } from './data-table.js';

const data = {
  columns: ['name', 'a "b"'],
  rows: [
    ['x,y', 1.5],
    ['line\nbreak', undefined],
  ],
};

test('CSV as RFC 4180 has it', () => {
  expect(csvOf(data)).toBe('name,"a ""b"""\r\n"x,y",1.5\r\n"line\nbreak",\r\n');
});

test('numbers keep seven digits, whole numbers all', () => {
  expect(csvOf({ columns: ['a', 'b'], rows: [[1 / 3, 123_456_789]] })).toBe('a,b\r\n0.3333333,123456789\r\n');
});

test('JSON: a list of objects', () => {
  expect(JSON.parse(jsonOf(data))).toEqual([
    { name: 'x,y', 'a "b"': 1.5 },
    { name: 'line\nbreak', 'a "b"': null },
  ]);
  expect(JSON.parse(jsonOf({ columns: ['a'], rows: [] }))).toEqual([]);
});

test('a long table is cut, its files are not', () => {
  const long = { columns: ['i'], rows: Array.from({ length: 250 }, (_, i) => [i]) };
  const { markup } = dataDetails('long', 'Long', long);
  expect(markup).toContain('The first 200 of 250 rows');
  expect(markup.match(/<th scope="row"/g)).toHaveLength(200);
  expect(markup).toContain(dataUri('text/csv;charset=utf-8', csvOf(long)));
});
