import { malformed } from '@nats/graph';

/** What a scanner tells. */
export interface ListHandlers {
  /** Keys of the root object whose lists are wanted; `''` for a root that is a list itself. */
  readonly wanted: ReadonlySet<string>;
  /**
   * Items of a wanted list that follow each other, with the commas between them: parsed together they cost less than one by
   * one. The bytes hold until the call returns.
   * @param index of the first item
   * @param offset where they begin in the file
   */
  readonly items: (list: string, index: number, bytes: Buffer, offset: number) => void;
}

export interface ListScanner {
  /** Lists that were found, complete or not. */
  readonly found: ReadonlySet<string>;
  write(chunk: Buffer): void;
  /** @throws NatsError `malformed` for a file that ends too early */
  end(): void;
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, COMMA, COLON] = [34, 92, 123, 125, 91, 93, 44, 58];

/** Bytes of an item or a key, far more than any mask takes. */
const LONGEST = 2 ** 28;

type Place =
  | 'start'
  | 'first key'
  | 'key'
  | 'colon'
  | 'value'
  | 'after value'
  | 'first item'
  | 'item'
  | 'after item'
  | 'end';

/** What the value is that is being read. */
type Purpose = 'key' | 'item' | 'other';

/**
 * Finds the items of lists in a JSON text that comes in pieces, without making values of anything else: `JSON.parse` of
 * items is as fast as of the whole, and the text may be of any size. (Parsers of tokens, measured: @streamparser/json
 * takes 4 times as long, clarinet 3, stream-json 20; docs/data.md.) The text between items is checked here, that of an item by
 * who parses it.
 * @param file its name, for messages
 * @throws NatsError `malformed` naming the byte, also for a list that is there twice
 */
export function createListScanner(file: string, { wanted, items }: ListHandlers): ListScanner {
  const found = new Set<string>();
  let place: Place = 'start';
  let offset = 0;
  let list = '';
  let index = 0;
  // Of the value that is being read: its kind by the first byte, and how deep it is.
  let purpose: Purpose | undefined;
  let first = 0;
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let start = 0;
  let parts: Buffer[] = [];
  // Items that lie whole in the piece: from where to where, and the number of the first.
  let runFrom = -1;
  let runUntil = -1;
  let runIndex = 0;

  const flush = (chunk: Buffer): void => {
    if (runFrom < 0) return;
    const from = runFrom;
    runFrom = -1;
    items(list, runIndex, chunk.subarray(from, runUntil), offset + from);
  };

  const broken = (at: number, received: string) =>
    malformed(file, `byte ${offset + at}`, { rule: 'a JSON file is complete and correct', received });

  const unexpected = (byte: number, at: number) => broken(at, JSON.stringify(String.fromCharCode(byte)));

  const begin = (next: Purpose, byte: number, at: number): number => {
    if (next === 'key' ? byte !== QUOTE : !startsValue(byte)) throw unexpected(byte, at);
    purpose = next;
    first = byte;
    start = offset + at;
    depth = 0;
    inString = byte === QUOTE;
    isEscaped = false;
    if (byte === OPEN || byte === OPEN_LIST) depth = 1;
    return at + 1;
  };

  /** Where the value ends in the chunk: after its last byte; -1 if it goes on. */
  const endOf = (chunk: Buffer, from: number): number => {
    let i = from;
    if (inString) {
      i = endOfString(chunk, i);
      if (i < 0 || first === QUOTE) return i;
    }
    return first === OPEN || first === OPEN_LIST ? endOfNested(chunk, i) : endOfPlain(chunk, i);
  };

  /** Nearly all bytes of a file pass here: what changes with each is in local variables. */
  const endOfNested = (chunk: Buffer, from: number): number => {
    const { length } = chunk;
    let level = depth;
    let i = from;
    while (i < length) {
      const byte = chunk[i]!;
      // Brackets and braces differ by one bit.
      const bracket = byte | 0x20;
      i++;
      if (byte === QUOTE) {
        inString = true;
        i = endOfString(chunk, i);
        if (i < 0) break;
      } else if (bracket === OPEN) level++;
      else if (bracket === CLOSE && --level === 0) return i;
    }
    depth = level;
    return -1;
  };

  /** After the closing quote; -1 if the string goes on. (Strings are short: `indexOf` costs more than it saves.) */
  const endOfString = (chunk: Buffer, from: number): number => {
    const { length } = chunk;
    let i = isEscaped ? from + 1 : from;
    while (i < length) {
      const byte = chunk[i]!;
      if (byte === QUOTE) {
        inString = false;
        isEscaped = false;
        return i + 1;
      }
      i += byte === BACKSLASH ? 2 : 1;
    }
    // At the length, or one further where the last byte was a backslash that nothing escapes.
    isEscaped = i > length;
    return -1;
  };

  const finish = (chunk: Buffer, from: number, at: number): void => {
    const rest = chunk.subarray(from, at);
    const bytes = parts.length === 0 ? rest : Buffer.concat([...parts, rest]);
    if (purpose === 'key') {
      list = keyOf(bytes) ?? '';
      place = 'colon';
    } else if (purpose === 'item') {
      place = 'after item';
      if (parts.length > 0) items(list, index, bytes, start);
      else {
        if (runFrom < 0) [runFrom, runIndex] = [from, index];
        runUntil = at;
      }
      index++;
    } else {
      place = list === '' && found.has('') ? 'end' : 'after value';
      if (wanted.has(list)) throw broken(at, `no list of ${list}`);
    }
    purpose = undefined;
    parts = [];
  };

  const open = (at: number): void => {
    if (found.has(list)) throw broken(at, `${list} twice`);
    found.add(list);
    index = 0;
    place = 'first item';
  };

  /** One byte between values. @returns where to go on */
  const step = (chunk: Buffer, at: number): number => {
    const byte = chunk[at]!;
    switch (place) {
      case 'start':
        if (byte === OPEN) place = 'first key';
        else if (byte === OPEN_LIST && wanted.has('')) open(at);
        else throw unexpected(byte, at);
        return at + 1;
      case 'first key':
      case 'key':
        if (byte === CLOSE && place === 'first key') place = 'end';
        else return begin('key', byte, at);
        return at + 1;
      case 'colon':
        if (byte !== COLON) throw unexpected(byte, at);
        place = 'value';
        return at + 1;
      case 'value':
        if (byte !== OPEN_LIST || !wanted.has(list)) return begin('other', byte, at);
        open(at);
        return at + 1;
      case 'after value':
        if (byte === COMMA) place = 'key';
        else if (byte === CLOSE) place = 'end';
        else throw unexpected(byte, at);
        return at + 1;
      case 'first item':
      case 'item':
        if (byte === CLOSE_LIST && place === 'first item') closeList(chunk);
        else return begin('item', byte, at);
        return at + 1;
      case 'after item':
        if (byte === COMMA) place = 'item';
        else if (byte === CLOSE_LIST) closeList(chunk);
        else throw unexpected(byte, at);
        return at + 1;
      case 'end':
        throw unexpected(byte, at);
    }
  };

  const closeList = (chunk: Buffer): void => {
    flush(chunk);
    place = list === '' && found.has('') ? 'end' : 'after value';
  };

  return {
    found,
    write: (chunk) => {
      let at = offset === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0;
      while (at < chunk.length) {
        if (purpose === undefined) {
          const byte = chunk[at]!;
          at = byte === 32 || byte === 10 || byte === 13 || byte === 9 ? at + 1 : step(chunk, at);
          continue;
        }
        const end = endOf(chunk, at);
        if (end < 0) break;
        at = end;
        finish(chunk, Math.max(0, start - offset), end);
      }
      flush(chunk);
      // What goes on in the next piece; the caller may use this one again.
      if (purpose !== undefined && purpose !== 'other')
        parts.push(Buffer.from(chunk.subarray(Math.max(0, start - offset))));
      offset += chunk.length;
      if (parts.length > 0 && offset - start > LONGEST) throw broken(0, `a value of more than ${LONGEST} bytes`);
    },
    end: () => {
      if (place !== 'end' || purpose !== undefined) throw broken(0, 'an end before the value is complete');
    },
  };
}

function endOfPlain(chunk: Buffer, from: number): number {
  for (let i = from; i < chunk.length; i++) {
    const byte = chunk[i]!;
    if (byte <= 32 || byte === COMMA || byte === CLOSE || byte === CLOSE_LIST) return i;
  }
  return -1;
}

function startsValue(byte: number): boolean {
  // Numbers, texts, lists, objects, true, false, null, and the NaN and Infinity of Python.
  return (byte >= 48 && byte <= 57) || '"-[{tfnNI'.includes(String.fromCharCode(byte));
}

function keyOf(bytes: Buffer): string | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as string;
  } catch {
    return undefined;
  }
}
