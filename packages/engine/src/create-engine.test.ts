import { expect, it } from 'vitest';
import { bestProviders, createEngine } from './create-engine.js';
import { tfjsEngine } from './tfjs/index.js';

it.each([
  ['onnxruntime', { engine: 'onnxruntime', providers: 'cpu', threads: 1 }],
  ['onnxruntime:webgpu', { engine: 'onnxruntime', providers: 'webgpu,cpu' }],
  ['onnxruntime:cuda', { engine: 'onnxruntime', providers: 'cuda,cpu' }],
  ['onnxruntime-web', { engine: 'onnxruntime-web', providers: 'wasm' }],
  ['tfjs:cpu', { engine: 'tfjs', backend: 'cpu' }],
  ['tfjs:wasm', { engine: 'tfjs', backend: 'wasm' }],
])('makes %s', async (name, fingerprint) => {
  const engine = await createEngine(name, { threads: 1 });
  expect(engine.fingerprint).toMatchObject(fingerprint);
  await engine.dispose();
});

it("makes 'tfjs' with the backend that tfjsEngine takes here; which that is, backends.test.ts says", async () => {
  const [engine, own] = [await createEngine('tfjs'), await tfjsEngine()];
  expect(engine).toMatchObject({ name: 'tfjs', backend: own.backend });
  expect(engine.fingerprint).toEqual(own.fingerprint);
  for (const made of [engine, own]) await made.dispose();
});

it.each(['abacus', 'tfjs:abacus', 'tfjs:', 'auto:cpu', ''])(
  "says which engines there are instead of '%s'",
  async (name) => {
    await expect(createEngine(name)).rejects.toMatchObject({ code: 'provider' });
  },
);

it.each([
  ['a GPU', { name: 'NVIDIA GeForce RTX 4070', software: false }, ['webgpu', 'cpu']],
  ['SwiftShader', { name: 'SwiftShader Device (Subzero)', software: true }, ['cpu']],
  ['nothing', undefined, ['cpu']],
])('auto with %s', async (_, adapter, providers) => {
  expect(await bestProviders(async () => adapter)).toEqual(providers);
});
