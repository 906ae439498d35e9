import * as g from '@nats/graph';
import * as cpu from '@tensorflow/tfjs-backend-cpu';
import * as core from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { tfjsEngine } from './index.js';

const missing = (name: string) => new Error(`Cannot find package '${name}'`);

/** TensorFlow.js under the name that tfjs-node registers itself by; the kernels are those of the cpu backend. */
function nodePackage(asked: string[]) {
  return {
    ...core,
    getBackend: () => 'tensorflow',
    setBackend: async (name: string) => {
      asked.push(name);
      return core.setBackend('cpu');
    },
  };
}

async function twice(engine: g.Engine): Promise<number> {
  const executable = await engine.compile(
    g.createProgram({ outputs: { y: g.multiply(g.input('x', 'float32', [1]), 2) } }),
  );
  const state = await engine.createState(g.EMPTY_SPEC, new Map());
  const { y } = await executable.run(state, { x: g.tensorData('float32', [1], [21]) });
  await engine.dispose();
  return y!.data[0]!;
}

it('takes the best backend whose package is there', async () => {
  const asked: string[] = [];
  const engine = await tfjsEngine({
    load: async (name) => {
      asked.push(name);
      if (name === '@tensorflow/tfjs-core') return core;
      if (name === '@tensorflow/tfjs-backend-cpu') return cpu;
      throw missing(name);
    },
  });
  expect(engine.backend).toBe('cpu');
  expect(asked.filter((name) => name !== '@tensorflow/tfjs-core')).toEqual([
    '@tensorflow/tfjs-node-gpu',
    '@tensorflow/tfjs-node',
    '@tensorflow/tfjs-backend-webgpu',
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-backend-cpu',
  ]);
  expect(engine.fingerprint).toEqual({
    engine: 'tfjs',
    backend: 'cpu',
    version: core.version_core,
    machine: `node ${process.versions.node}`,
  });
  expect(await twice(engine)).toBe(42);
});

it.each(['node-gpu', 'node'] as const)(
  'loads tfjs-%s, which is TensorFlow.js and its backend in one CommonJS package',
  async (backend) => {
    await core.setBackend('cpu');
    const names: string[] = [];
    const engine = await tfjsEngine({
      backend,
      load: async (name) => {
        names.push(name);
        return { default: nodePackage([]) };
      },
    });
    expect(names).toEqual([`@tensorflow/tfjs-${backend}`]);
    expect(engine).toMatchObject({ name: 'tfjs', backend });
    expect(await twice(engine)).toBe(42);
  },
);

it('starts the backend that it was asked for, and says so if it does not start', async () => {
  const started: string[] = [];
  const load = async () => ({ ...core, setBackend: async (name: string) => started.push(name) > 100 });
  await expect(tfjsEngine({ backend: 'webgpu', load })).rejects.toMatchObject({
    code: 'provider',
    message: expect.stringMatching(/does not start.*'webgpu'.*tfjs-backend-webgpu/),
  });
  expect(started).toEqual(['webgpu']);
});

it('says how to install what is missing', async () => {
  const load = async (name: string) => {
    throw missing(name);
  };
  await expect(tfjsEngine({ backend: 'node-gpu', load })).rejects.toThrow(/npm install @tensorflow\/tfjs-node-gpu/);
  await expect(tfjsEngine({ load })).rejects.toThrow(/node-gpu: .*wasm: .*cpu: /);
});

it('does not take a module that is not TensorFlow.js, or a backend that it does not know', async () => {
  await expect(tfjsEngine({ backend: 'cpu', load: async () => ({}) })).rejects.toMatchObject({ code: 'provider' });
  const unknown = { backend: 'abacus' as 'cpu' };
  await expect(tfjsEngine(unknown)).rejects.toThrow(/abacus.*node-gpu, node, webgpu, wasm, cpu/);
});

it('comes back to its backend when other code has chosen another one', async () => {
  const engine = await tfjsEngine({ backend: 'wasm' });
  await core.setBackend('cpu');
  expect(await twice(engine)).toBe(42);
  expect(core.getBackend()).toBe('wasm');
});
