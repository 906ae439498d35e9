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

/** Text as tools write it: UTF-8 or UTF-16 with or without a byte order mark. */
export async function readText(path: string): Promise<string> {
  return decodeText(await readBytes(path), path);
}

/**
 * @param declared the encoding that the text itself declares, where it has no byte order mark; default UTF-8
 * @throws NatsError `malformed` for an encoding that nobody knows
 */
export function decodeText(bytes: Uint8Array, path: string, declared = 'utf-8'): string {
  const [a, b] = bytes;
  const marked = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : undefined;
  const isUtf8 = a === 0xef && b === 0xbb && bytes[2] === 0xbf;
  const encoding = marked ?? (isUtf8 ? 'utf-8' : declared);
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw malformed(path, '', { rule: 'a text declares an encoding of the WHATWG list', received: encoding });
  }
}
