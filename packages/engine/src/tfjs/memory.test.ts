import * as g from '@nats/graph';
import * as core from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { tinyTraining } from '../../test/tiny-training.js';
import { tfjsEngine } from './index.js';

const STEPS = 25;

/** Bytes of WebAssembly's memory, which only grows. */
function heap(): number {
  return (core.backend() as unknown as { wasm?: { HEAPU8: Uint8Array } }).wasm?.HEAPU8.length ?? 0;
}

it.each(['cpu', 'wasm'] as const)('leaves nothing behind after a step, on %s', async (backend) => {
  const engine = await tfjsEngine({ backend });
  const before = core.memory();
  const { program, spec, feeds } = tinyTraining();
  const executable = await engine.compile(program);
  const state = await engine.createState(spec, g.initialize(spec, 1));
  await executable.run(state, feeds(0));
  const { numTensors, numBytes, numDataBuffers } = core.memory();
  expect(numTensors).toBeGreaterThanOrEqual(before.numTensors + spec.size);
  const grown = heap();
  for (let i = 1; i < STEPS; i++) await executable.run(state, feeds(i));
  expect(core.memory()).toMatchObject({ numTensors, numBytes, numDataBuffers });
  expect(heap()).toBe(grown);
  await engine.dispose();
  expect(core.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
});

it('leaves nothing behind after a run that fails, and the state as it was', async () => {
  const engine = await tfjsEngine({ backend: 'cpu' });
  const failing = g.defineOp<Record<never, never>>({
    name: g.nmsOp.name,
    infer: ([x]) => [x!],
    evaluate: () => {
      throw new Error('fails');
    },
  });
  const scope = g.createScope();
  const w = scope.parameter('w', [2], g.zeros);
  scope.update(w, g.add(w, 1));
  const outputs = { y: g.apply(failing, [g.exp(g.add(w, 1))], {}) };
  const executable = await engine.compile(g.createProgram({ outputs, updates: scope.updates }));
  const state = await engine.createState(scope.spec, g.initialize(scope.spec, 1));
  const { numTensors, numBytes } = core.memory();
  await expect(executable.run(state, {})).rejects.toThrow('fails');
  expect(core.memory()).toMatchObject({ numTensors, numBytes });
  expect(Array.from((await state.read(['w'])).get('w')!.data)).toEqual([0, 0]);
  await engine.dispose();
});
