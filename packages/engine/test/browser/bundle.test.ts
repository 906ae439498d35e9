import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { type Bundle, bundle } from './bundle.js';

function report(name: string, { files }: Bundle): void {
  const sizes = [...files].map(([file, contents]) => {
    const zipped = (gzipSync(contents).length / 1000).toFixed(1);
    return `${file} ${(contents.length / 1000).toFixed(1)} kB (${zipped} kB gzipped)`;
  });
  console.log(`${name}: ${sizes.join(', ')}`);
}

it.each([
  '@nats/graph',
  '@nats/space',
  '@nats/export',
  '@nats/transfer/parse',
  '@nats/train/core',
  '@nats/search',
  '@nats/detect/core',
  '@nats/engine/onnxruntime-web',
  '@nats/engine/tfjs',
])('%s brings no Node module into a browser', async (name) => {
  const result = await bundle(`export * from '${name}';`);
  report(name, result);
  expect(result.nodeModules).toEqual([]);
  expect(result.files.get('entry.js')!.length).toBeGreaterThan(1000);
});

it('finds a Node module where there is one', async () => {
  const { nodeModules } = await bundle(`export * from '@nats/train';`);
  expect(nodeModules.join()).toMatch(/node:fs\/promises in train\/src\/checkpoint\/files\.ts/);
});
