import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withPath } from './regular-file.js';

/** An open file, as far as writing needs it. */
export interface WritableFile {
  write(data: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What writing asks of a file system: that of Node, or one that fails on purpose in a test. */
export interface WritableFiles {
  open(path: string, flags: string): Promise<WritableFile>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: boolean }): Promise<void>;
}

/**
 * Writes a file of several parts, which may be made while it is written: a temporary file in the same folder, synced to disk, then renamed. A reader sees the old
 * file or the whole new one, also after a power cut. On Windows it waits up to three seconds for those who have the old file open.
 * @throws IO errors (ENOSPC, EACCES …) pass through, and the temporary file is removed
 */
export async function writeAtomically(
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  files: WritableFiles = fs,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const handle = await files.open(temporary, 'wx');
    try {
      for await (const part of parts) await writeAll(handle, part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await renameInto(path, temporary, files);
  } catch (error) {
    await files.rm(temporary, { force: true });
    throw withPath(error, path);
  }
  await syncFolder(dirname(path), files);
}

/** A single write may be short, and Linux caps it near 2 GiB. */
async function writeAll(handle: WritableFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, Math.min(bytes.length - at, 2 ** 28));
    at += bytesWritten;
  }
}

/** What Windows answers while a virus scanner, an indexer or a reader has one of the two files open. */
const OPEN_ELSEWHERE = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** Milliseconds between attempts on Windows: three seconds in all. */
const PAUSES = [10, 50, 100, 250, 500, 1000, 1000];

/** Elsewhere than on Windows a file that is open is replaced all the same, and such an error is final. */
async function renameInto(path: string, temporary: string, files: WritableFiles): Promise<void> {
  for (const pause of process.platform === 'win32' ? PAUSES : []) {
    try {
      return await files.rename(temporary, path);
    } catch (error) {
      if (!OPEN_ELSEWHERE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      await delay(pause);
    }
  }
  await files.rename(temporary, path);
}

/** Makes the rename itself durable. Not every platform lets a folder be opened; the file's content is safe without. */
async function syncFolder(folder: string, files: WritableFiles): Promise<void> {
  const handle = await files.open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
