import type { TensorData } from '@nats/graph';
import { layoutSafetensors } from './safetensors-encode.js';
import { writeAtomically } from './write-atomically.js';

/**
 * Writes a safetensors file atomically: a reader sees the old file or the new one, and a crash leaves the old one. Tensors
 * must not change until the promise settles.
 * @param metadata strings kept in the header under `__metadata__`.
 * @throws NatsError as `layoutSafetensors` does; IO errors as `writeAtomically`
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const { header, chunks } = layoutSafetensors(tensors, metadata);
  await writeAtomically(path, gather(header, chunks));
}

const PART_BYTES = 2 ** 22;

/** Joins small neighbors: one system call for many batch-norm vectors. Large ones are passed on as they are. */
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
