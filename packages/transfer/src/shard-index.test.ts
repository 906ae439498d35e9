import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensorData } from '@nats/graph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePth } from '../test/helpers/pth.js';
import { readWeights } from './read-weights.js';
import { encodeSafetensors } from './safetensors-encode.js';

const a = tensorData('float32', [2], [1, 2]);
const b = tensorData('float32', [1], [3]);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nats-shards-'));
  await writeFile(join(folder, 'model-1.safetensors'), encodeSafetensors(new Map([['b', b]])));
  await writeFile(join(folder, 'model-2.safetensors'), encodeSafetensors(new Map([['a', a]])));
  await writeFile(join(folder, 'model-1.bin'), makePth(new Map([['b', b]])));
  await writeFile(join(folder, 'model-2.bin'), makePth(new Map([['a', a]])));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: unknown) {
  const path = join(folder, 'index.json');
  await writeFile(path, JSON.stringify(content));
  return readWeights(path);
}

describe('an index of shards', () => {
  it.each(['safetensors', 'bin'])('gives the tensors of all of them: %s', async (extension) => {
    const { tensors, format } = await read({
      metadata: { total_size: 12 },
      weight_map: { a: `model-2.${extension}`, b: `model-1.${extension}` },
    });
    expect([...tensors].map(([name, { data }]) => [name, ...data])).toEqual([
      ['a', 1, 2],
      ['b', 3],
    ]);
    expect(format).toBe(extension === 'bin' ? 'pytorch-zip' : 'safetensors');
  });

  it.each<[string, unknown, RegExp]>([
    ['a path out of its folder', { weight_map: { a: '../x.safetensors' } }, /companion file.*"\.\.\/x\.safetensors"/],
    ['a tensor that is not in its file', { weight_map: { a: 'model-1.safetensors' } }, /weight_map, "a".*none in/],
    ['a file that is no text', { weight_map: { a: 1 } }, /weight_map, "a".*received number/],
    ['a map that is none', { weight_map: [] }, /weight_map.*received a list/],
    ['neither an index nor a model', { architectures: [] }, /a weightsManifest, or an index with a weight_map/],
  ])('with %s is refused', async (_, content, message) => {
    await expect(read(content)).rejects.toThrow(message);
  });

  it('with a file that is missing names it', async () => {
    await expect(read({ weight_map: { a: 'gone.safetensors' } })).rejects.toMatchObject({
      code: 'ENOENT',
      path: join(folder, 'gone.safetensors'),
    });
  });
});
