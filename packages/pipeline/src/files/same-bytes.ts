import { readRegularFile } from '@nats/transfer';

/** Whether a file holds exactly these bytes. */
export async function sameBytes(path: string, bytes: Uint8Array): Promise<boolean> {
  return Buffer.compare(await readRegularFile(path), bytes) === 0;
}
