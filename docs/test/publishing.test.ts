import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, it } from 'vitest';
import {
  brokenLinks,
  missingFields,
  packageFolders,
  prepareForNpm,
  ROOT,
  repositoryAddress,
  webAddress,
  withRepositoryLinks,
} from '../../scripts/publishing.mjs';

it.each([
  ['https://github.com/someone/nats.git', 'https://github.com/someone/nats'],
  ['https://user:token@git.example.com:8443/group/nats', 'https://git.example.com/group/nats'],
  ['git@github.com:someone/nats.git', 'https://github.com/someone/nats'],
  ['ssh://git@github.com/someone/nats.git', 'https://github.com/someone/nats'],
  ['/srv/git/nats.git', undefined],
  ['../nats', undefined],
])('the remote %s is on the web at %s', (remote, address) => expect(webAddress(remote)).toBe(address));

it('a clone without a remote on the web has no address', async () => {
  expect(repositoryAddress(await temporaryDirectory())).toBeUndefined();
});

it('links of a README lead to the repository, but for addresses, anchors and code', () => {
  const page = [
    '[a](../../docs/gpu.md#tested) ![p](images/p.png) [w](https://onnxruntime.ai) [h](#here)',
    '```ts\nconst y = layers[0](x);\n```',
    'and `layers[0](x)`',
  ].join('\n');
  expect(withRepositoryLinks(page, 'packages/engine', 'https://github.com/a/b').split('\n')[0]).toBe(
    '[a](https://github.com/a/b/blob/main/docs/gpu.md#tested) ![p](https://github.com/a/b/raw/main/packages/engine/images/p.png) [w](https://onnxruntime.ai) [h](#here)',
  );
  expect(withRepositoryLinks(page, 'packages/engine', 'https://github.com/a/b')).toContain(
    '= layers[0](x);\n```\nand `layers[0](x)`',
  );
});

it.each(packageFolders())('%s: every link of its README leads to a file', (folder) => {
  expect(brokenLinks(ROOT, `${folder}/README.md`)).toEqual([]);
});

it('a package is made fit to be published, and is as before when that is undone', async () => {
  const root = await temporaryDirectory({
    'packages/x/package.json': '{ "name": "x", "license": "MIT", "description": "d", "keywords": ["k"] }\n',
    'packages/x/README.md': '[y](../y/README.md)\n',
  });
  mkdirSync(join(root, 'apps'));
  const read = (name: string) => readFileSync(join(root, 'packages/x', name), 'utf8');
  const before = [read('package.json'), read('README.md')];
  expect(missingFields(JSON.parse(before[0]!))).toEqual(['repository', 'homepage', 'bugs']);
  const undo = prepareForNpm(root, 'https://github.com/a/b', ['packages/x']);
  expect(missingFields(JSON.parse(read('package.json')))).toEqual([]);
  expect(JSON.parse(read('package.json')).repository).toEqual({
    type: 'git',
    url: 'git+https://github.com/a/b.git',
    directory: 'packages/x',
  });
  expect(read('README.md')).toBe('[y](https://github.com/a/b/blob/main/packages/y/README.md)\n');
  expect(read('LICENSE')).toMatch(/^MIT License/);
  undo();
  expect([read('package.json'), read('README.md')]).toEqual(before);
  expect(() => read('LICENSE')).toThrow(/ENOENT/);
});
