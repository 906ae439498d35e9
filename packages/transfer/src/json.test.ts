import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { malformedBy } from '../test/helpers/errors.js';
import { type JsonValue, parseJson } from './json.js';
import type { Limits } from './limits.js';
import { openSource } from './source.js';

function parse(text: string, limits: Partial<Limits> = {}): JsonValue {
  return parseJson(openSource(new Uint8Array(0), { limits }), 'text', text);
}

/** Objects for Maps, as JSON.parse gives. */
function plain(value: JsonValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

describe('JSON', () => {
  it('property: what JSON.stringify writes is read as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.nat(3), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(plain(parse(spaced))).toEqual(JSON.parse(spaced));
      }),
    );
  });

  it('property: text that JSON.parse refuses is refused', () => {
    const snippets = fc.array(
      fc.constantFrom('{', '}', '[', ']', ',', ':', '"', 'a', '1', '-', '.', 'e', 'true', 'null', '\\', '\\u', ' '),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(snippets, (parts) => {
        const text = parts.join('');
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        if (valid) expect(plain(parse(text))).toEqual(JSON.parse(text));
        else malformedBy(() => parse(text), /JSON|key|colon/);
      }),
      { numRuns: 2000 },
    );
  });

  it('duplicate keys, depth and size', () => {
    malformedBy(() => parse('{"a":1,"\\u0061":2}'), /"a" twice/);
    malformedBy(() => parse('['.repeat(100_000)), /maxJsonDepth/);
    malformedBy(() => parse('[1,2,3]', { maxJsonValues: 3 }), /maxJsonValues/);
    expect(plain(parse('[1,2]', { maxJsonValues: 3 }))).toEqual([1, 2]);
  });

  it('keeps the order of keys that look like indices', () => {
    expect([...(parse('{"b":0,"1":0,"0":0}') as Map<string, JsonValue>).keys()]).toEqual(['b', '1', '0']);
  });
});
