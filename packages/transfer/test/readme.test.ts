import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sizeOf, tensorData } from '@nats/graph';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../src/index.js';
import { makePth } from './helpers/pth.js';

// Every block of the README runs as it stands, in a folder that has the files that it names. The folder lies in the
// repository, so that packages are found.
const root = fileURLToPath(new URL('../../../', import.meta.url));
mkdirSync(join(root, 'runs'), { recursive: true });
const folder = mkdtempSync(join(root, 'runs', 'readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!);

const shapes = JSON.parse(
  readFileSync(new URL('../src/fixtures/torchvision-shapes.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, number[]>>;
const zeros = (model: string, ...names: readonly string[]) =>
  new Map(
    Object.entries(shapes[model]!)
      .filter(([name]) => names.length === 0 || names.includes(name))
      .map(([name, shape]) => [name, tensorData('float32', shape, new Float32Array(sizeOf(shape)))]),
  );
writeFileSync(join(folder, 'resnet50-11ad3fa6.pth'), makePth(zeros('resnet50', 'conv1.weight', 'bn1.weight')));
writeFileSync(join(folder, 'resnet18-f37072fd.pth'), makePth(zeros('resnet18')));
// What is downloaded elsewhere lies in the cache here.
const cached = join(folder, 'cache', 'weights', 'hub', 'timm', 'resnet50.a1_in1k', 'main');
mkdirSync(cached, { recursive: true });
writeFileSync(join(cached, 'model.safetensors'), encodeSafetensors(zeros('resnet50', 'conv1.weight')));

function run(code: string): { status: number | null; stdout: string; stderr: string } {
  const script = join(folder, 'block.ts');
  writeFileSync(script, code);
  return spawnSync(process.execPath, ['--conditions=@nats/source', '--import', 'tsx', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NATS_CACHE: join(folder, 'cache'), NATS_OFFLINE: '1' },
  });
}

/** What a block prints, and leaves; in the order of the README. */
const OUTCOMES: readonly (readonly [RegExp, string?])[] = [
  [/^pytorch-zip 2 .*2 tensors loaded \(rules: none\)/s, 'backbone.safetensors'],
  [/model\.safetensors \[ 0\.485, 0\.456, 0\.406 \] \[ 0\.229, 0\.224, 0\.225 \]/],
  [/^custom, none\ndetectron2, custom\n$/],
  [/^backbone 100\n$/],
];

describe('blocks of the README', () => {
  it('are all here', () => {
    expect(blocks).toHaveLength(OUTCOMES.length);
  });

  it.each(OUTCOMES.map(([output, left], i) => [i + 1, output, left] as const))('block %i', (number, output, left) => {
    const { status, stdout, stderr } = run(blocks[number - 1]!);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(output);
    if (left !== undefined) expect(existsSync(join(folder, left))).toBe(true);
  });
});
