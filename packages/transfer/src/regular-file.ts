import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { constants as osConstants } from 'node:os';
import { malformed, NatsError } from '@nats/graph';

/**
 * The bytes of a regular file, also of more than the 2 GiB at which `fs.readFile` stops. IO errors pass through, with the path.
 * @param checkSize may refuse a number of bytes before memory is taken
 * @throws NatsError `malformed` for a named pipe, whose opening would wait for a writer, or a device
 */
export async function readRegularFile(path: string, checkSize?: (bytes: number) => void): Promise<Buffer> {
  await checkRegular(path);
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    checkSize?.(size);
    const bytes = Buffer.allocUnsafeSlow(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, 2 ** 28), at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return at === size ? bytes : bytes.subarray(0, at);
  } catch (error) {
    throw withPath(error, path);
  } finally {
    await handle.close();
  }
}

/** Checks that a path is a file that can be read to its end. @throws NatsError `malformed` for a pipe, socket or device; IO errors pass through, and EISDIR for a folder */
export async function checkRegular(path: string): Promise<void> {
  const found = await stat(path);
  if (found.isFile()) return;
  if (found.isDirectory()) {
    const error = new Error(`EISDIR: illegal operation on a directory, read '${path}'`);
    throw Object.assign(error, { code: 'EISDIR', errno: -osConstants.errno.EISDIR, path });
  }
  const received = found.isFIFO() ? 'a named pipe' : 'a device or socket';
  throw malformed(path, '', { rule: 'a regular file is read here', received });
}

/**
 * Opens a file to write at its end; it is made if there is none.
 * @throws NatsError `state` for a symbolic link, which may lead anywhere; IO errors pass through
 */
export async function openToAppend(path: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  // Without waiting for who reads a named pipe. Windows has neither flag.
  const flags = O_APPEND | O_CREAT | O_WRONLY | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0);
  try {
    return await open(path, flags);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ELOOP') throw cause;
    throw new NatsError(
      'state',
      {
        rule: 'a run writes into files of its own',
        received: 'a symbolic link',
        limit: 'put the file itself in its place, or choose another directory',
        where: path,
      },
      { cause },
    );
  }
}

/** The error with the path in its message: reads and writes of an open file fail without one. */
export function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('errno' in error) || 'path' in error) return error;
  error.message += ` '${path}'`;
  return Object.assign(error, { path });
}
