import { readFile, stat } from 'node:fs/promises';
import { malformed } from '@nats/graph';

/**
 * The bytes of a regular file; IO errors pass through.
 * @throws NatsError `malformed` for a name that no file can have, or what is no file: a named pipe would never end
 */
export async function readBytes(path: string): Promise<Buffer> {
  checkName(path);
  const found = await stat(path);
  if (!found.isFile()) {
    throw malformed(path, '', {
      rule: 'data is read from regular files',
      received: found.isDirectory() ? 'a folder' : found.isFIFO() ? 'a named pipe' : 'a device or socket',
    });
  }
  return readFile(path);
}

/** @throws NatsError `malformed` for a path with a NUL character, which Node refuses by an error without a path */
export function checkName(path: string): void {
  if (!path.includes('\0')) return;
  throw malformed(path.replaceAll('\0', '\\0'), '', { rule: 'a path has no NUL character', received: 'one with NUL' });
}

/**
 * Text as tools write it: UTF-8 or UTF-16 with or without a byte order mark.
 * @throws NatsError `malformed` for another encoding, whose letters nobody could tell
 */
export async function readText(path: string): Promise<string> {
  return decodeText(await readBytes(path), path);
}

/** Lines of a text, whatever they end with: also the carriage returns of old Macs. */
export function linesIn(text: string): string[] {
  return text.split(/\r\n|\r|\n/);
}

/**
 * @param declared the encoding that the text itself declares, where it has no byte order mark; default UTF-8
 * @throws NatsError `malformed` for an encoding that nobody knows, and for bytes that are not of it
 */
export function decodeText(bytes: Uint8Array, path: string, declared = 'utf-8'): string {
  refuseOther(bytes, path);
  const encoding = markedEncoding(bytes) ?? declared;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw malformed(path, '', { rule: 'a text declares an encoding of the WHATWG list', received: encoding });
    }
    throw malformed(path, '', {
      rule: 'a text is in UTF-8 or UTF-16, or in the encoding that it declares',
      received: `bytes that are not ${encoding}`,
      limit: 'save it as UTF-8 (iconv -f WINDOWS-1252 -t UTF-8, with what it was written in)',
    });
  }
}

/** What often lies where a text should. */
function refuseOther(bytes: Uint8Array, path: string): void {
  const start = Buffer.from(bytes.subarray(0, 40)).toString('latin1');
  const other = [
    ['\x1f\x8b', 'gzip', 'unpack it first'],
    ['PK\x03\x04', 'a zip archive', 'unpack it first'],
    ['version https://git-lfs', 'a Git LFS pointer', 'fetch the file itself (git lfs pull)'],
    ['SQLite format 3', 'a data base', 'export it as text'],
  ].find(([magic]) => start.startsWith(magic!));
  if (other === undefined) return;
  throw malformed(path, '', { rule: 'annotations are text', received: other[1]!, limit: other[2]! });
}

/** By its byte order mark, or by the zero bytes of ASCII in UTF-16. */
function markedEncoding([a, b, c]: Uint8Array): string | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if ((a === 0xff && b === 0xfe) || (a !== undefined && a !== 0 && b === 0)) return 'utf-16le';
  return (a === 0xfe && b === 0xff) || (a === 0 && b !== undefined && b !== 0) ? 'utf-16be' : undefined;
}
