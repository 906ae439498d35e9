import { readFile } from 'node:fs/promises';

/** Whether a file holds exactly these bytes. */
export async function sameBytes(path: string, bytes: Uint8Array): Promise<boolean> {
  return Buffer.compare(await readFile(path), bytes) === 0;
}
