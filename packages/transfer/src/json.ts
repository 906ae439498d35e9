import { atMost, bad, quote, type Source } from './source.js';

/** Objects are Maps: they keep the file's order, and a key such as `__proto__` is a key like any other. */
export type JsonValue = null | boolean | number | string | JsonValue[] | Map<string, JsonValue>;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;

interface Cursor {
  readonly source: Source;
  readonly field: string;
  readonly text: string;
  position: number;
  values: number;
}

/**
 * Parses JSON (RFC 8259) strictly, with caps on depth and on the number of values, refusing duplicate keys, which
 * `JSON.parse` takes silently (the last wins, so two readers may disagree about a file). By hand for these caps:
 * `JSON.parse`, and the streaming parsers, build a million empty arrays from two megabytes before anyone can look.
 * @throws NatsError `malformed`, with the character's position.
 */
export function parseJson(source: Source, field: string, text: string): JsonValue {
  const cursor: Cursor = { source, field, text, position: 0, values: 0 };
  const value = parseValue(cursor, 0);
  skipSpace(cursor);
  if (cursor.position !== text.length) throw syntax(cursor, 'a JSON document ends after its value');
  return value;
}

function parseValue(cursor: Cursor, depth: number): JsonValue {
  const { source, field } = cursor;
  if (depth > source.limits.maxJsonDepth) {
    throw bad(source, field, 'JSON is not nested deeply', `depth ${depth}`, atMost('maxJsonDepth', source.limits));
  }
  if (++cursor.values > source.limits.maxJsonValues) {
    const limit = atMost('maxJsonValues', source.limits);
    throw bad(source, field, 'JSON has a bounded number of values', `${cursor.values}`, limit);
  }
  skipSpace(cursor);
  switch (cursor.text[cursor.position]) {
    case '{':
      return parseObject(cursor, depth);
    case '[':
      return parseArray(cursor, depth);
    case '"':
      return parseString(cursor);
    case 't':
      return literal(cursor, 'true', true);
    case 'f':
      return literal(cursor, 'false', false);
    case 'n':
      return literal(cursor, 'null', null);
    default:
      return parseNumber(cursor);
  }
}

function parseObject(cursor: Cursor, depth: number): Map<string, JsonValue> {
  const object = new Map<string, JsonValue>();
  cursor.position++;
  skipSpace(cursor);
  if (accept(cursor, '}')) return object;
  do {
    skipSpace(cursor);
    if (cursor.text[cursor.position] !== '"') throw syntax(cursor, 'a key of a JSON object is a string');
    const key = parseString(cursor);
    if (object.has(key)) {
      throw bad(cursor.source, cursor.field, 'a key of a JSON object occurs once', `${quote(key)} twice`);
    }
    skipSpace(cursor);
    if (!accept(cursor, ':')) throw syntax(cursor, 'a colon follows a key');
    object.set(key, parseValue(cursor, depth + 1));
    skipSpace(cursor);
  } while (accept(cursor, ','));
  if (!accept(cursor, '}')) throw syntax(cursor, 'a JSON object is closed');
  return object;
}

function parseArray(cursor: Cursor, depth: number): JsonValue[] {
  const array: JsonValue[] = [];
  cursor.position++;
  skipSpace(cursor);
  if (accept(cursor, ']')) return array;
  do {
    array.push(parseValue(cursor, depth + 1));
    skipSpace(cursor);
  } while (accept(cursor, ','));
  if (!accept(cursor, ']')) throw syntax(cursor, 'a JSON array is closed');
  return array;
}

function parseString(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.position;
  let end = start + 1;
  for (;;) {
    const code = text.charCodeAt(end);
    if (Number.isNaN(code) || code < 0x20)
      throw syntax(cursor, 'a JSON string is closed and has no control characters');
    if (code === 0x22) break;
    end += code === 0x5c ? 2 : 1;
  }
  cursor.position = end + 1;
  const raw = text.slice(start, end + 1);
  if (!raw.includes('\\')) return raw.slice(1, -1);
  try {
    return JSON.parse(raw) as string;
  } catch {
    cursor.position = start;
    throw syntax(cursor, 'escapes of a JSON string are known');
  }
}

function parseNumber(cursor: Cursor): number {
  NUMBER.lastIndex = cursor.position;
  const match = NUMBER.exec(cursor.text);
  if (match === null) throw syntax(cursor, 'a JSON value is an object, array, string, number, true, false or null');
  cursor.position = NUMBER.lastIndex;
  return Number(match[0]);
}

function literal<T extends JsonValue>(cursor: Cursor, word: string, value: T): T {
  if (!cursor.text.startsWith(word, cursor.position)) throw syntax(cursor, 'a JSON word is true, false or null');
  cursor.position += word.length;
  return value;
}

function skipSpace(cursor: Cursor): void {
  SPACE.lastIndex = cursor.position;
  SPACE.test(cursor.text);
  cursor.position = SPACE.lastIndex;
}

function accept(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.position] !== character) return false;
  cursor.position++;
  return true;
}

function syntax(cursor: Cursor, rule: string) {
  const at = cursor.position;
  const received = at >= cursor.text.length ? 'the end of the text' : quote(cursor.text.slice(at, at + 20));
  return bad(cursor.source, `${cursor.field}, character ${at}`, rule, received);
}
