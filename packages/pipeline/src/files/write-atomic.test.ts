import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as transfer from '@nats/transfer';
import { afterAll, expect, test, vi } from 'vitest';
import { UsageError } from '../usage-error.js';
import { writeAtomic, writeJsonList } from './write-atomic.js';

vi.mock('@nats/transfer', { spy: true });

const folder = mkdtempSync(join(tmpdir(), 'nats-write-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('writes into a folder that is not there yet', async () => {
  const path = join(folder, 'a', 'b.txt');
  await writeAtomic(path, 'text');
  expect(readFileSync(path, 'utf8')).toBe('text');
});

test('a directory in its place is named', async () => {
  mkdirSync(join(folder, 'taken'));
  await expect(writeAtomic(join(folder, 'taken'), 'text')).rejects.toThrow(UsageError);
  await expect(writeAtomic(join(folder, 'taken'), 'text')).rejects.toThrow(/taken is a directory/);
});

test('a full disk is told with the file that did not fit', async () => {
  // As Node has it: without a path.
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  vi.mocked(transfer.writeAtomically).mockRejectedValueOnce(full);
  const path = join(folder, 'large.bin');
  await expect(writeAtomic(path, 'text')).rejects.toThrow(`${path} could not be written: ENOSPC`);
});

test('a list is written item by item, an item a line', async () => {
  const path = join(folder, 'list.json');
  await writeJsonList(path, []);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([]);
  const items = Array.from({ length: 30_000 }, (_, i) => ({ i, text: 'ä'.repeat(50) }));
  await writeJsonList(path, items);
  const text = readFileSync(path, 'utf8');
  expect(JSON.parse(text)).toEqual(items);
  expect(text.split('\n')).toHaveLength(items.length + 3);
});
