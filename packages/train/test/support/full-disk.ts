import * as fs from 'node:fs/promises';
import type { FileSystem } from '../../src/checkpoint/files.js';

/** Node's file system on a disk that takes `bytes` more. */
export function almostFullDisk(bytes: number): FileSystem {
  let left = bytes;
  return {
    ...fs,
    open: async (path, flags) => {
      const handle = await fs.open(path, flags);
      return {
        sync: () => handle.sync(),
        close: () => handle.close(),
        write: (async (data: Uint8Array, at: number, length: number) => {
          if (length > left) {
            const error: NodeJS.ErrnoException = new Error('ENOSPC: no space left on device, write');
            throw Object.assign(error, { code: 'ENOSPC', errno: -28 });
          }
          left -= length;
          return handle.write(data, at, length);
        }) as fs.FileHandle['write'],
      };
    },
  };
}
