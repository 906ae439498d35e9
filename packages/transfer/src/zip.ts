import { inflateSync } from 'fflate';
import { crc32 } from './crc32.js';
import {
  atMost,
  bad,
  decodedAllowance,
  decodeText,
  quote,
  type Source,
  slice,
  uint64,
  unsupported,
  viewOf,
} from './source.js';

// Written by hand because weight files are hostile until shown otherwise, and are read in browsers: fflate's `unzipSync`
// inflates whatever an archive claims, without a cap for an entry or for all, and checks no checksum; yauzl needs Node's
// streams. Here every place is checked before memory is taken, stored entries (PyTorch's) are views and not copies, zip64
// is read, and what differs between the local header and the directory is refused. fflate inflates.

/** A file in a zip archive, its place checked but nothing inflated. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly size: number;
  readonly crc: number;
  /** The bytes as stored: a view of the archive. */
  readonly stored: Uint8Array;
}

const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;

interface Directory {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
}

/** An archive: its entries by name in the order of the directory, and their contents. */
export interface Zip {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * The content of an entry: a view of the archive when stored; fresh memory when deflated, kept for the next call.
   * @throws NatsError `malformed` if its size or checksum is not the directory's, or if the archive has inflated to
   * more than the caps on decoded bytes allow.
   */
  readonly content: (name: string) => Uint8Array;
}

/**
 * Reads the central directory of a zip archive (PKWARE APPNOTE 6.3, with zip64, without encryption or parts).
 * @throws NatsError `malformed` for entries outside the file, overlapping (as in zip bombs) or named twice, local
 * headers that contradict the directory, or a compression ratio above the cap.
 */
export function readZip(source: Source): Zip {
  const directory = findDirectory(source);
  if (directory.count > source.limits.maxZipEntries) {
    const limit = atMost('maxZipEntries', source.limits);
    throw bad(source, 'zip directory', 'an archive has a bounded number of entries', `${directory.count}`, limit);
  }
  const central = slice(source, 'zip directory', directory.offset, directory.size);
  const entries = new Map<string, ZipEntry>();
  const ranges: { name: string; start: number; end: number }[] = [];
  let at = 0;
  for (let index = 0; index < directory.count; index++) {
    const { entry, start, end, next } = readEntry(source, central, at);
    if (entries.has(entry.name)) {
      throw bad(source, 'zip directory', 'an archive names an entry once', `${quote(entry.name)} twice`);
    }
    entries.set(entry.name, entry);
    ranges.push({ name: entry.name, start, end });
    at = next;
  }
  checkOverlaps(source, ranges, directory.offset);
  return { entries, content: contentReader(source, entries) };
}

function checkOverlaps(source: Source, ranges: { name: string; start: number; end: number }[], limit: number): void {
  ranges.sort((a, b) => a.start - b.start);
  ranges.push({ name: 'the directory', start: limit, end: limit });
  for (let i = 1; i < ranges.length; i++) {
    const previous = ranges[i - 1]!;
    const { name, start } = ranges[i]!;
    if (previous.end > start) {
      const received = `${quote(previous.name)} up to ${previous.end}, ${quote(name)} from ${start}`;
      throw bad(source, `zip entry ${quote(previous.name)}`, 'entries of an archive do not overlap', received);
    }
  }
}

/** Finds the end record: the last signature whose comment reaches exactly to the end of the file. */
function findDirectory(source: Source): Directory {
  const { bytes } = source;
  const view = viewOf(bytes);
  for (let at = bytes.length - END_BYTES; at >= Math.max(0, bytes.length - END_BYTES - 0xffff); at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    if (at + END_BYTES + view.getUint16(at + 20, true) !== bytes.length) continue;
    return readEnd(source, view, at);
  }
  throw bad(source, 'zip directory', 'an archive ends with its directory', 'no end record', 'is the file truncated?');
}

function readEnd(source: Source, view: DataView, at: number): Directory {
  let disk = view.getUint16(at + 4, true);
  let count = view.getUint16(at + 10, true);
  let size = view.getUint32(at + 12, true);
  let offset = view.getUint32(at + 16, true);
  let end = at;
  if (at >= 20 && view.getUint32(at - 20, true) === 0x07064b50) {
    const record = uint64(view, at - 12);
    const zip64 = viewOf(slice(source, 'zip64 end record', record, 56));
    if (zip64.getUint32(0, true) !== 0x06064b50) {
      throw bad(source, 'zip64 end record', 'the zip64 locator points to a zip64 record', 'another signature');
    }
    disk = zip64.getUint32(16, true);
    count = uint64(zip64, 32);
    size = uint64(zip64, 40);
    offset = uint64(zip64, 48);
    end = record;
  }
  if (disk !== 0) throw bad(source, 'zip end record', 'an archive is one file', `part ${disk}`);
  if (offset + size > end || count * CENTRAL_BYTES > size) {
    const received = `${count} entries in ${size} bytes at ${offset}`;
    throw bad(source, 'zip end record', 'the directory lies before the end record', received, `before ${end}`);
  }
  return { count, size, offset };
}

function readEntry(source: Source, central: Uint8Array, at: number) {
  const outside = () =>
    bad(source, 'zip directory', 'a directory entry lies inside the directory', `an entry at ${at}`);
  if (at + CENTRAL_BYTES > central.length) throw outside();
  const view = viewOf(central);
  if (view.getUint32(at, true) !== 0x02014b50) {
    throw bad(source, 'zip directory', 'a directory entry begins with its signature', `another at ${at}`);
  }
  const nameBytes = view.getUint16(at + 28, true);
  const extraBytes = view.getUint16(at + 30, true);
  const next = at + CENTRAL_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true);
  if (next > central.length) throw outside();
  const rawName = central.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes);
  const name = decodeText(source, 'zip entry name', rawName);
  const field = `zip entry ${quote(name)}`;
  if (nameBytes > source.limits.maxNameBytes) {
    throw bad(source, field, 'an entry has a short name', `${nameBytes} bytes`, atMost('maxNameBytes', source.limits));
  }
  if (view.getUint16(at + 8, true) & 1) {
    throw unsupported(source, field, 'an archive is not encrypted', 'an encrypted entry', 'decrypt it first');
  }
  const extra = central.subarray(at + CENTRAL_BYTES + nameBytes, at + CENTRAL_BYTES + nameBytes + extraBytes);
  const { size, compressed, local } = entryPlace(source, field, view, at, extra);
  const method = view.getUint16(at + 10, true);
  checkMethod(source, field, method, size, compressed);
  const start = localDataStart(source, field, local, rawName);
  const stored = slice(source, `${field}, data`, start, compressed);
  const entry: ZipEntry = { name, method, size, crc: view.getUint32(at + 16, true), stored };
  return { entry, start: local, end: start + compressed, next };
}

/** Sizes and offset of a directory entry; a field of all ones is in the zip64 extra field, in this order. */
function entryPlace(source: Source, field: string, view: DataView, at: number, extra: Uint8Array) {
  const place = {
    size: view.getUint32(at + 24, true),
    compressed: view.getUint32(at + 20, true),
    local: view.getUint32(at + 42, true),
  };
  const wide = (['size', 'compressed', 'local'] as const).filter((key) => place[key] === 0xffffffff);
  if (wide.length === 0) return place;
  const extraView = viewOf(extra);
  for (let position = 0; position + 4 <= extra.length; ) {
    const length = extraView.getUint16(position + 2, true);
    if (extraView.getUint16(position, true) === 1 && position + 4 + length <= extra.length) {
      if (length < wide.length * 8) break;
      for (const [index, key] of wide.entries()) place[key] = uint64(extraView, position + 4 + index * 8);
      return place;
    }
    position += 4 + length;
  }
  throw bad(source, field, 'an entry of 4 GiB or more has a zip64 field', 'none');
}

function checkMethod(source: Source, field: string, method: number, size: number, compressed: number): void {
  if (method !== 0 && method !== 8) {
    throw unsupported(source, field, 'an entry is stored or deflated', `method ${method}`, 'repack the archive');
  }
  if (method === 0 && size !== compressed) {
    throw bad(source, field, 'a stored entry has one size', `${size} and ${compressed} bytes`);
  }
  const limit = Math.max(65536, compressed * source.limits.maxDeflateRatio);
  if (method === 8 && size > limit) {
    const received = `${size} bytes from ${compressed}`;
    const rule = 'an entry does not inflate by more than weights do (a zip bomb?)';
    throw bad(source, field, rule, received, `at most ${limit} (limits.maxDeflateRatio)`);
  }
}

function localDataStart(source: Source, field: string, local: number, rawName: Uint8Array): number {
  const view = viewOf(slice(source, `${field}, local header`, local, LOCAL_BYTES));
  if (view.getUint32(0, true) !== 0x04034b50) {
    throw bad(source, `${field}, local header`, 'an entry begins with a local header', 'another signature');
  }
  const nameBytes = view.getUint16(26, true);
  const name = slice(source, `${field}, local header`, local + LOCAL_BYTES, nameBytes);
  if (nameBytes !== rawName.length || name.some((byte, index) => byte !== rawName[index])) {
    throw bad(source, `${field}, local header`, 'the local header and the directory name the same entry', 'two names');
  }
  return local + LOCAL_BYTES + nameBytes + view.getUint16(28, true);
}

function contentReader(source: Source, entries: ReadonlyMap<string, ZipEntry>): Zip['content'] {
  const contents = new Map<string, Uint8Array>();
  const allowed = decodedAllowance(source, source.bytes.length);
  let inflated = 0;
  return (name) => {
    const known = contents.get(name);
    if (known !== undefined) return known;
    const entry = entries.get(name);
    if (entry === undefined) throw bad(source, 'zip directory', 'an archive has the entry', `no ${quote(name)}`);
    if (entry.method !== 0) inflated += entry.size;
    if (inflated > allowed) {
      const limit = `at most ${allowed} (limits.maxDecodedBytes, limits.maxExpansion)`;
      throw bad(
        source,
        `zip entry ${quote(name)}`,
        'an archive inflates to bounded memory',
        `${inflated} bytes`,
        limit,
      );
    }
    const content = readContent(source, entry);
    contents.set(name, content);
    return content;
  };
}

function readContent(source: Source, entry: ZipEntry): Uint8Array {
  const content = entry.method === 0 ? entry.stored : inflate(source, entry);
  const crc = source.checksums ? crc32(content) : entry.crc;
  if (crc !== entry.crc) {
    const field = `zip entry ${quote(entry.name)}`;
    throw bad(
      source,
      field,
      'an entry has the checksum that the directory says',
      hex(crc),
      `${hex(entry.crc)} (options.checksums: false skips this)`,
    );
  }
  return content;
}

function inflate(source: Source, entry: ZipEntry): Uint8Array {
  const field = `zip entry ${quote(entry.name)}`;
  // Given an output, the inflater never grows it; one byte of room tells "exactly" from "more".
  const out = new Uint8Array(entry.size + 1);
  let inflated: Uint8Array;
  try {
    inflated = inflateSync(entry.stored, { out });
  } catch (cause) {
    throw bad(source, field, 'an entry is valid deflate data', cause instanceof Error ? cause.message : String(cause));
  }
  if (inflated.length !== entry.size) {
    const received = inflated.length > entry.size ? 'more' : `${inflated.length} bytes`;
    throw bad(source, field, 'an entry inflates to the size that the directory says', received, `${entry.size} bytes`);
  }
  return inflated;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
