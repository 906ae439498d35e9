import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash32 } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { createListScanner } from './json-lists.js';
import { readLists } from './read-lists.js';

/** Items of lists of a text that comes in pieces of given sizes. */
function itemsOf(text: string, wanted: readonly string[], pieces: (k: number) => number): Record<string, unknown[]> {
  const lists: Record<string, unknown[]> = {};
  const scanner = createListScanner('x.json', {
    wanted: new Set(wanted),
    items: (list, index, bytes, offset) => {
      lists[list] ??= [];
      expect(index).toBe(lists[list].length);
      expect(
        Buffer.from(text)
          .subarray(offset, offset + bytes.length)
          .equals(bytes),
      ).toBe(true);
      lists[list].push(...(JSON.parse(`[${bytes.toString()}]`) as unknown[]));
    },
  });
  const bytes = Buffer.from(text);
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = pieces(k);
    scanner.write(bytes.subarray(at, at + size));
    at += size;
  }
  scanner.end();
  return lists;
}

const value = {
  info: { text: 'a "quoted" \\ and { [ ] }', deep: [[[{ a: '\\"' }]]] },
  images: [{ id: 1, name: 'ä€😀\n\\\\"' }, 5, -0.5e3, 'text, with ] }', null, true, [1, [2]], {}, []],
  empty: [],
  number: 17,
  annotations: [{ id: 3 }],
};

describe.each([
  ['compact', JSON.stringify(value)],
  ['indented', JSON.stringify(value, null, 2)],
  ['with spaces', ` \n${JSON.stringify(value).replaceAll('":', '" : ').replaceAll(',"', ' , "')}\r\n`],
])('lists of a text, %s', (_, text) => {
  test.each([1, 2, 3, 7, 64, 10_000])('in pieces of %i bytes', (size) => {
    const { images, annotations } = JSON.parse(text) as typeof value;
    const wanted = ['images', 'annotations', 'empty'];
    expect(itemsOf(text, wanted, () => size)).toEqual({ images, annotations });
  });

  test('in pieces of any size', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { images } = JSON.parse(text) as typeof value;
      expect(itemsOf(text, ['images'], (k) => 1 + (hash32(seed, k) % 23))).toEqual({ images });
    }
  });
});

test('a list at the root, with a byte order mark', () => {
  expect(itemsOf('[1, {"a": [2]}, "b"]', [''], () => 2)).toEqual({ '': [1, { a: [2] }, 'b'] });
  expect(itemsOf('[]', [''], () => 1)).toEqual({});
  const scanner = createListScanner('x', { wanted: new Set(['']), items: () => {} });
  scanner.write(Buffer.from('\ufeff[1]'));
  scanner.end();
  expect(scanner.found).toEqual(new Set(['']));
});

test.each([
  ['', 'an end before'],
  ['{"a": [1, 2', 'an end before'],
  ['{"a": [1 2]}', '"2"'],
  ['{"a": [1,]}', '"]"'],
  ['{"a" [1]}', '"["'],
  ['{"a": [1]} x', '"x"'],
  ['{"a": [1], "a": [2]}', 'a twice'],
  ['{"a": 5}', 'no list of a'],
  ['{a: []}', '"a"'],
  ['5', '"5"'],
])('what is broken is told with its byte: %s', (text, received) => {
  expect(() => itemsOf(text, ['a'], () => 3)).toThrow(/x\.json, byte \d+: received .*complete and correct/);
  expect(() => itemsOf(text, ['a'], () => 3)).toThrow(received);
});

test('a file is read item by item, with the NaN that Python writes; what is told better whole is not read', async () => {
  const path = join(await temporaryDirectory(), 'x.json');
  const read = async (text: string) => {
    writeFileSync(path, text);
    const items: unknown[] = [];
    return { done: await readLists(path, { a: (item) => void items.push(item) }), items };
  };
  expect(await read('{"a": [{"b": NaN}, 2]}')).toEqual({ done: true, items: [{ b: 'NaN' }, 2] });
  expect((await read('{"b": []}')).done).toBe(false);
  expect((await read('{"a": [{"b": }]}')).done).toBe(false);
});
