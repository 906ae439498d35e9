import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeAtomically } from '@nats/transfer';
import { expectFile } from './expect-file.js';

/**
 * Writes a file, and its folder if need be, so that it is either there as a whole or not at all.
 * @throws UsageError if the path is a directory; IO errors pass through
 */
export async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  expectFile(path);
  await mkdir(dirname(path), { recursive: true });
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  await writeAtomically(path, [bytes]).catch((cause: NodeJS.ErrnoException) => {
    // A full disk is told without a name.
    if (cause.path !== undefined) throw cause;
    throw new Error(`${path} could not be written: ${cause.message}`, { cause });
  });
}

/** Writes JSON whole or not at all. @param path of the file; its folder exists */
export function writeJson(path: string, value: unknown): Promise<void> {
  return writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}
