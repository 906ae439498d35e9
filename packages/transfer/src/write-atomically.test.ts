import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { writeAtomically } from './write-atomically.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-write-'));
const path = join(folder, 'file');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });

test('parts stand one after the other, also where a write takes fewer bytes than it was given', async () => {
  const open = async (file: string, flags: string) => {
    const handle = await fs.open(file, flags);
    return {
      write: (data: Uint8Array, from: number, length: number) => handle.write(data, from, Math.min(3, length)),
      sync: () => handle.sync(),
      close: () => handle.close(),
    } as unknown as fs.FileHandle;
  };
  await writeAtomically(path, [bytes('channel-'), bytes(''), bytes('level')], { ...fs, open });
  expect(readFileSync(path, 'utf8')).toBe('channel-level');
  expect(readdirSync(folder)).toEqual(['file']);
});

test.each([
  ['opening', { open: () => Promise.reject(full) }],
  ['renaming', { rename: () => Promise.reject(full) }],
])('a failure of %s leaves the old file and nothing else, and is thrown as it is', async (_, failing) => {
  writeFileSync(path, 'old');
  await expect(writeAtomically(path, [bytes('new')], { ...fs, ...failing })).rejects.toBe(full);
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['file']);
});

test.each([
  ['win32', 'EBUSY', 3],
  ['win32', 'ENOSPC', 1],
  ['linux', 'EPERM', 1],
])(
  'on %s a rename that fails with %s is tried %i times while the file is open elsewhere',
  async (platform, code, tries) => {
    writeFileSync(path, 'old');
    vi.spyOn(process, 'platform', 'get').mockReturnValue(platform as NodeJS.Platform);
    const error = Object.assign(new Error(code), { code });
    let tried = 0;
    const rename = (from: string, to: string) => (++tried < 3 ? Promise.reject(error) : fs.rename(from, to));
    const written = writeAtomically(path, [bytes('new')], { ...fs, rename });
    if (tries === 1) await expect(written).rejects.toBe(error);
    else await written;
    vi.restoreAllMocks();
    expect(tried).toBe(tries);
    expect(readFileSync(path, 'utf8')).toBe(tries === 1 ? 'old' : 'new');
    expect(readdirSync(folder)).toEqual(['file']);
  },
);
