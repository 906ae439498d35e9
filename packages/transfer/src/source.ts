import { malformed, NatsError } from '@nats/graph';
import { DEFAULT_LIMITS, type Limits } from './limits.js';

/** Bytes to be parsed, what to call them in errors, and the caps that hold. */
export interface Source {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly limits: Limits;
  readonly checksums: boolean;
}

/** Options of every parser. */
export interface ParseOptions {
  /** The file's name in errors; `<bytes>` by default. */
  readonly name?: string;
  /** Overrides of the default caps. */
  readonly limits?: Partial<Limits>;
  /**
   * Compare the checksums of zip entries (PyTorch's zip format, npz). Default true; PyTorch can be told to write files
   * without them (`torch.serialization.set_crc32_config(False)`).
   */
  readonly checksums?: boolean;
}

/** Checks the number of bytes against the cap and binds name and caps to them. */
export function openSource(bytes: Uint8Array, options: ParseOptions = {}): Source {
  const source: Source = {
    file: options.name ?? '<bytes>',
    // Node's Buffer is a Uint8Array whose `slice` does not copy: parsers see the plain kind.
    bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    checksums: options.checksums ?? true,
  };
  if (bytes.length > source.limits.maxFileBytes) throw tooLarge(source.file, bytes.length, source.limits);
  return source;
}

/** The error for a file above the cap; also thrown before such a file is read. */
export function tooLarge(file: string, bytes: number, limits: Limits): NatsError {
  return malformed(file, 'size', {
    rule: 'a weight file is not larger than the cap',
    received: `${bytes} bytes`,
    limit: atMost('maxFileBytes', limits),
  });
}

/** The `limit` part of an error about a cap. */
export function atMost(cap: keyof Limits, limits: Limits): string {
  return `at most ${limits[cap]} (limits.${cap})`;
}

const EXPANSION_FLOOR = 16 * 2 ** 20;

/** Bytes that content stored in `storedBytes` may take in memory: see `maxDecodedBytes` and `maxExpansion`. */
export function decodedAllowance({ limits }: Source, storedBytes: number): number {
  return Math.min(limits.maxDecodedBytes, Math.max(EXPANSION_FLOOR, storedBytes * limits.maxExpansion));
}

/** A `malformed` error for a field of the source. */
export function bad(source: Source, field: string, rule: string, received: string, limit?: string): NatsError {
  return malformed(source.file, field, limit === undefined ? { rule, received } : { rule, received, limit });
}

/** An error for content that is well formed, but that this package does not read. */
export function unsupported(source: Source, field: string, rule: string, received: string, limit: string): NatsError {
  const where = field ? `${source.file}, ${field}` : source.file;
  return new NatsError('unsupported', { rule, received, limit, where });
}

/** Shortens text from a file for use in an error, and makes control characters visible. */
export function quote(text: string, length = 120): string {
  const cut = text.length > length ? `${text.slice(0, length)}…` : text;
  return JSON.stringify(cut);
}

/**
 * Checks that `[start, start + length)` lies in the source and returns a view of it (no copy).
 * @throws NatsError `malformed` for a range outside the file, or numbers that are no byte counts.
 */
export function slice(source: Source, field: string, start: number, length: number): Uint8Array {
  const size = source.bytes.length;
  if (!isCount(start) || !isCount(length) || start + length > size) {
    throw bad(
      source,
      field,
      'a field lies inside the file',
      `bytes ${start} to ${start + length}`,
      `the file has ${size} bytes: is it truncated?`,
    );
  }
  return source.bytes.subarray(start, start + length);
}

/** A DataView of a view. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A non-negative integer that a number holds exactly. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Reads a little-endian unsigned 64-bit integer as a number; above 2^53 it is rounded, which any size check refuses. */
export function uint64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes UTF-8. @throws NatsError `malformed` for invalid sequences. */
export function decodeText(source: Source, field: string, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw malformedWithCause(source, field, 'text is valid UTF-8', `invalid bytes among ${bytes.length}`, cause);
  }
}

function malformedWithCause(source: Source, field: string, rule: string, received: string, cause: unknown): NatsError {
  return new NatsError('malformed', { rule, received, where: `${source.file}, ${field}` }, { cause });
}
