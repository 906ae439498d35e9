import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, it } from 'vitest';
import { workerFile } from './worker-file.js';

/** A folder with these files, all of them empty but for manifests. */
const folderWith = (...files: string[]): Promise<string> =>
  temporaryDirectory(
    Object.fromEntries(files.map((file) => [file, file.endsWith('.json') ? '{"name": "@nats/detect"}' : ''])),
  );

const urlOf = (...parts: string[]) => pathToFileURL(join(...parts)).href;
const INSTALLED = ['node_modules/@nats/detect/package.json', 'node_modules/@nats/detect/dist/loader/worker.js'];

it('is the source in this repository', () => {
  expect(workerFile()).toMatchObject({ source: true, url: { href: expect.stringMatching(/loader\/worker\.ts$/) } });
});

it('is beside a distribution, or where someone has put it beside a bundle', async () => {
  const folder = await folderWith('dist/loader/worker.js', ...INSTALLED);
  const found = workerFile(urlOf(folder, 'dist/index.js'), folder);
  expect(found).toEqual({ source: false, url: new URL(urlOf(folder, 'dist/loader/worker.js')) });
});

it('is that of the installed package for a bundle, of modules and of CommonJS, which knows no place of its own', async () => {
  const folder = await folderWith(...INSTALLED);
  const installed = { source: false, url: new URL(urlOf(folder, INSTALLED[1]!)) };
  expect(workerFile(urlOf(folder, 'out/bundle.mjs'), '/')).toEqual(installed);
  expect(workerFile('', folder)).toEqual(installed);
});

it('says what to build where there is none, and what runs without', async () => {
  const folder = await folderWith();
  expect(() => workerFile(urlOf(folder, 'bundle.mjs'), folder)).toThrow(
    /no loader\/worker\.js[\s\S]*esbuild node_modules\/@nats\/detect\/dist\/loader\/worker\.js[\s\S]*workers: 0/,
  );
});
