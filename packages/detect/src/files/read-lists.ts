import { isAscii, isUtf8 } from 'node:buffer';
import { open, stat } from 'node:fs/promises';
import { malformed, NatsError } from '@nats/graph';
import { parseJson } from '@nats/graph/schema';
import { createListScanner } from './json-lists.js';
import { checkName, readText } from './read-file.js';

/** Files from this size on, in bytes, are read item by item. */
const LARGE = 2 ** 22;
const PIECE = 2 ** 18;
/** Up to this size a file that fails so is read whole, which gives the line and column of what is wrong. */
const WHOLE = 2 ** 28;

/** Takes the items of a list one after the other. */
export type ItemHandler = (value: unknown, index: number) => void;

/** Whether a file is to be read item by item. IO errors pass through. */
export async function isLargeFile(path: string, large = LARGE): Promise<boolean> {
  checkName(path);
  const found = await stat(path);
  return found.isFile() && found.size >= large;
}

/**
 * Reads lists of a JSON file of any size, in the order of the file and item by item: memory is bounded by what the handlers
 * keep.
 * @param handlers by key of the root object; `''` for a root that is a list
 * @returns false for a file that is to be read whole instead, because it is not in UTF-8, lacks one of the lists, or is broken
 * in a way that is told better so; nothing that handlers took counts then
 * @throws NatsError `malformed` for a broken file that is too large for that; IO errors pass through
 */
export async function readLists(path: string, handlers: Readonly<Record<string, ItemHandler>>): Promise<boolean> {
  const { size } = await stat(path);
  const scanner = createListScanner(path, {
    wanted: new Set(Object.keys(handlers)),
    items: (list, first, bytes, offset) => {
      const take = handlers[list]!;
      for (const [k, value] of parseItems(bytes, path, offset).entries()) take(value, first + k);
    },
  });
  try {
    await readPieces(path, scanner.write);
    scanner.end();
    const lacking = Object.keys(handlers).find((key) => !scanner.found.has(key));
    if (lacking !== undefined) throw malformed(path, lacking, { rule: 'a list is expected here', received: 'nothing' });
    return true;
  } catch (error) {
    if (error instanceof NatsError && size < WHOLE) return false;
    throw error;
  }
}

/** One buffer for all pieces: streams make a new one for each, and memory grows by what nobody has collected yet. */
async function readPieces(path: string, take: (piece: Buffer) => void): Promise<void> {
  const handle = await open(path, 'r');
  const buffer = Buffer.allocUnsafeSlow(PIECE);
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, PIECE, null);
      if (bytesRead === 0) return;
      take(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** The whole value of a JSON file. IO errors pass through. @throws NatsError `malformed` */
export async function readWhole(path: string): Promise<unknown> {
  return parseJson(await readText(path), path);
}

function parseItems(bytes: Buffer, path: string, offset: number): unknown[] {
  const isPlain = isAscii(bytes);
  if (!isPlain && !isUtf8(bytes)) {
    throw malformed(path, `items from byte ${offset} on`, { rule: 'a JSON file is in UTF-8', received: 'other bytes' });
  }
  const text = `[${bytes.toString(isPlain ? 'latin1' : 'utf8')}]`;
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    // NaN, or an error that tells the place from there on.
    return parseJson(text, `${path}, items from byte ${offset} on`) as unknown[];
  }
}
