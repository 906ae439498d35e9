import { expect, it } from 'vitest';
import { createEngine } from './create-engine.js';

it.each([
  ['onnxruntime', { engine: 'onnxruntime', providers: 'cpu', threads: 1 }],
  ['onnxruntime:cuda', { engine: 'onnxruntime', providers: 'cuda,cpu' }],
  ['onnxruntime-web', { engine: 'onnxruntime-web', providers: 'wasm' }],
  ['tfjs:cpu', { engine: 'tfjs', backend: 'cpu' }],
  // No other backend is installed here.
  ['tfjs', { engine: 'tfjs', backend: 'wasm' }],
])('makes %s', async (name, fingerprint) => {
  const engine = await createEngine(name, { threads: 1 });
  expect(engine.fingerprint).toMatchObject(fingerprint);
  await engine.dispose();
});

it.each(['abacus', 'tfjs:abacus', 'tfjs:', ''])("says which engines there are instead of '%s'", async (name) => {
  await expect(createEngine(name)).rejects.toMatchObject({ code: 'provider' });
});
