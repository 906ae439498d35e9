import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeReport } from './write-report.js';

test('the file is there as a whole, an older one is replaced, nothing else is left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'report-'));
  const path = join(folder, 'deep', 'report.html');
  await writeReport(path, { title: 'One' });
  await writeReport(path, { title: 'Two' });
  expect(await readFile(path, 'utf8')).toContain('<h1>Two</h1>');
  expect(await readdir(join(folder, 'deep'))).toEqual(['report.html']);
  await rm(folder, { recursive: true });
});

test('what cannot be written passes its error on and leaves nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'report-'));
  await writeFile(join(folder, 'file'), '');
  await expect(writeReport(join(folder, 'file', 'report.html'), { title: 'No' })).rejects.toMatchObject({
    syscall: expect.any(String),
  });
  expect(await readdir(folder)).toEqual(['file']);
  await rm(folder, { recursive: true });
});
