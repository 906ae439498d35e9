import { basename } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { malformed } from '@nats/graph';
import { readRegularFile } from '@nats/transfer';

/** The largest array that is read: many times MNIST. */
const MAX_BYTES = 2 ** 30;
const UINT8 = 0x08;

export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Parses an IDX array of bytes (MNIST's format): two zero bytes, the type, the rank, big-endian dimensions, values.
 * @throws NatsError `malformed`
 */
export function parseIdx(bytes: Uint8Array, file: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0 || bytes[2] !== UINT8) {
    const received = Buffer.from(bytes.subarray(0, 4)).toString('hex') || 'an empty file';
    throw malformed(file, 'header', { rule: 'an IDX file of bytes begins with 000008', received });
  }
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (rank < 1 || rank > 4 || bytes.length < start) {
    throw malformed(file, 'header', {
      rule: 'an IDX file has 1 to 4 dimensions',
      received: `${rank} in ${bytes.length} bytes`,
    });
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((a, b) => a * b, 1);
  if (size > MAX_BYTES || bytes.length - start !== size) {
    throw malformed(file, 'data', {
      rule: 'an IDX file holds as many bytes as its dimensions say',
      received: `${bytes.length - start} bytes for [${shape.join(', ')}]`,
      limit: `at most ${MAX_BYTES}`,
    });
  }
  return { shape, data: bytes.subarray(start) };
}

/** Reads an IDX file, also compressed by gzip. IO errors pass through. @throws NatsError `malformed` */
export async function readIdx(path: string): Promise<IdxArray> {
  const bytes = await readRegularFile(path);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) return parseIdx(bytes, basename(path));
  const unpacked = await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES + 64 }).catch((cause: Error) => {
    throw malformed(basename(path), '', { rule: 'a gzip file is whole', received: cause.message });
  });
  return parseIdx(unpacked, basename(path));
}
