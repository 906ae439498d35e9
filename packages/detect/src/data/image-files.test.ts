import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import { createImageFinder } from './image-files.js';

test.skipIf(process.platform === 'win32')('a folder by two links is listed once, and read by both', async () => {
  const directory = await temporaryDirectory({ 'elsewhere/x.png': '' });
  const images = join(directory, 'images');
  mkdirSync(images);
  for (const name of ['a', 'b']) symlinkSync(join(directory, 'elsewhere'), join(images, name));
  const find = await createImageFinder(images);
  for (const name of ['a/x.png', 'b/x.png']) expect(find(name)).toEqual({ file: join(images, name) });
});

test('in an empty folder, or none, a name leads to where the file would be', async () => {
  const directory = await temporaryDirectory();
  for (const folder of [directory, join(directory, 'none')]) {
    const find = await createImageFinder(folder);
    expect(find('x/a.png')).toEqual({ file: join(folder, 'x', 'a.png') });
    expect(find('../a.png')).toMatchObject({ outside: expect.stringMatching(/a\.png$/) });
  }
});

test('a folder that can not be listed is asked for each file', async () => {
  const directory = await temporaryDirectory();
  const find = await createImageFinder(join(directory, 'later'));
  mkdirSync(join(directory, 'later'));
  writeFileSync(join(directory, 'later', 'a.png'), '');
  expect(find('a.png')).toEqual({ file: join(directory, 'later', 'a.png') });
});
