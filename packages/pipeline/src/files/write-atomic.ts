import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeAtomically } from '@nats/transfer';
import { expectFile } from './expect-file.js';

/**
 * Writes a file, and its folder if need be, so that it is either there as a whole or not at all.
 * @throws UsageError if the path is a directory; IO errors pass through
 */
export async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  return writeParts(path, [typeof content === 'string' ? Buffer.from(content) : content]);
}

async function writeParts(path: string, parts: Iterable<Uint8Array>): Promise<void> {
  expectFile(path);
  await mkdir(dirname(path), { recursive: true });
  await writeAtomically(path, parts).catch((cause: NodeJS.ErrnoException) => {
    // A full disk is told without a name.
    if (cause.path !== undefined) throw cause;
    throw new Error(`${path} could not be written: ${cause.message}`, { cause });
  });
}

/** Writes JSON whole or not at all. @param path of the file; its folder exists */
export function writeJson(path: string, value: unknown): Promise<void> {
  return writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** A list of any length, an item a line: one text of all of them could be too long for a string. */
export function writeJsonList(path: string, items: Iterable<unknown>): Promise<void> {
  return writeParts(path, partsOf(items));
}

/** Characters of a part. */
const PART = 2 ** 20;

function* partsOf(items: Iterable<unknown>): Generator<Uint8Array, void, void> {
  let text = '[';
  let separator = '\n';
  for (const item of items) {
    text += `${separator}${JSON.stringify(item)}`;
    separator = ',\n';
    if (text.length < PART) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}\n]\n`);
}
