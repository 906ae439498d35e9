import * as fs from 'node:fs/promises';
import { readRegularFile, type WritableFiles } from '@nats/transfer';

/** What checkpoints ask of a file system: that of Node, or one that fails on purpose in a test. */
export interface FileSystem extends WritableFiles {
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  readFile(path: string): Promise<Uint8Array>;
  readdir(path: string): Promise<string[]>;
}

export const nodeFiles: FileSystem = { ...fs, readFile: (path) => readRegularFile(path) };
