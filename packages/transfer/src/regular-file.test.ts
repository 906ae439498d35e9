import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import { openToAppend, readRegularFile, withPath } from './regular-file.js';

test('a named pipe, a folder and a device are refused, and nothing waits', async () => {
  const folder = await temporaryDirectory();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await expect(readRegularFile(join(folder, 'pipe'))).rejects.toThrow(/pipe: received a named pipe/);
  await expect(readRegularFile(folder)).rejects.toMatchObject({ code: 'EISDIR', path: folder });
  await expect(readRegularFile('/dev/null')).rejects.toThrow(/received a device or socket/);
  await expect(openToAppend(join(folder, 'pipe'))).rejects.toThrow(/ENXIO/);
  await expect(readRegularFile(join(folder, 'none'))).rejects.toThrow(/ENOENT.*none/);
});

test('what is appended does not follow a symbolic link', async () => {
  const folder = await temporaryDirectory();
  writeFileSync(join(folder, 'elsewhere'), 'kept');
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'log'));
  await expect(openToAppend(join(folder, 'log'))).rejects.toThrow(/log: received a symbolic link/);
  const file = await openToAppend(join(folder, 'own'));
  await file.write('a\n');
  await file.close();
  expect(readFileSync(join(folder, 'own'), 'utf8')).toBe('a\n');
  expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toBe('kept');
});

test('an IO error names its file', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { errno: -28, code: 'ENOSPC' });
  const named = withPath(full, '/a/b');
  expect(named).toMatchObject({ message: "ENOSPC: no space left on device, write '/a/b'", path: '/a/b' });
  expect((withPath(named, '/c') as Error).message).not.toContain('/c');
});
