import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import { weightsInFolder } from './model-folder.js';
import { readWeights } from './read-weights.js';
import { encodeSafetensors } from './safetensors-encode.js';

async function folder(...files: readonly string[]): Promise<string> {
  const path = await temporaryDirectory();
  for (const file of files) writeFileSync(join(path, file), '');
  return path;
}

test('the usual names, an index before what it names', async () => {
  const whole = await folder('config.json', 'model.safetensors', 'pytorch_model.bin');
  expect(weightsInFolder(whole)).toBe(join(whole, 'model.safetensors'));
  const parts = await folder('model-00001-of-00002.safetensors', 'model.safetensors.index.json');
  expect(weightsInFolder(parts)).toBe(join(parts, 'model.safetensors.index.json'));
  expect(weightsInFolder(await folder('config.json'))).toBeUndefined();
  expect(weightsInFolder(join(whole, 'nothing'))).toBeUndefined();
});

test('a checkpoint of many processes is named, with how to join it', async () => {
  const path = await folder('.metadata', '__0_0.distcp');
  expect(() => weightsInFolder(path)).toThrow(/received a checkpoint of torch\.distributed.*dcp_to_torch/s);
});

test('a folder is read as the file in it', async () => {
  const path = await folder();
  const tensor = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } as const;
  writeFileSync(join(path, 'model.safetensors'), encodeSafetensors(new Map([['a', tensor]])));
  expect([...(await readWeights(path)).tensors.get('a')!.data]).toEqual([1, 2]);
});
