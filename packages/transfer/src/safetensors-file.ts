import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { TensorData } from '@nats/graph';
import { layoutSafetensors } from './safetensors-encode.js';

/**
 * Writes a safetensors file atomically: a temporary file in the same folder, synced to disk, then renamed. A reader
 * sees the old file or the new one, and a crash leaves the old one. Tensors must not change until the promise settles.
 * @param metadata strings kept in the header under `__metadata__`.
 * @throws NatsError as `layoutSafetensors` does; IO errors (ENOSPC, EACCES …) pass through, and the temporary file is
 * removed.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const { header, chunks } = layoutSafetensors(tensors, metadata);
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      for (const part of gather(header, chunks)) await writeAll(handle, part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

const PART_BYTES = 2 ** 22;

/** Joins small neighbours: one system call for many batch-norm vectors. Large ones are passed on as they are. */
function* gather(header: Uint8Array, chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of [header, ...chunks]) {
    if (bytes > 0 && bytes + chunk.length > PART_BYTES) {
      yield Buffer.concat(pending, bytes);
      pending = [];
      bytes = 0;
    }
    if (chunk.length >= PART_BYTES) {
      yield chunk;
    } else {
      pending.push(chunk);
      bytes += chunk.length;
    }
  }
  if (bytes > 0) yield Buffer.concat(pending, bytes);
}

/** A single write may be short, and Linux caps it near 2 GiB. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, Math.min(bytes.length - at, 2 ** 28));
    at += bytesWritten;
  }
}

/** Makes the rename itself durable. Not every platform lets a folder be opened; the file's content is safe without. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch {
    // Windows, some network file systems.
  } finally {
    await handle?.close();
  }
}
