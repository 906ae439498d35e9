import { beforeAll, expect, it } from 'vitest';
import { losses } from '../test/tiny-training.js';
import { onnxruntimeEngine } from './onnxruntime/index.js';
import { onnxruntimeWebEngine } from './onnxruntime-web/index.js';
import { tfjsEngine } from './tfjs/index.js';

const STEPS = 50;

let expected: readonly number[];
beforeAll(async () => {
  const engine = onnxruntimeEngine({ threads: 1 });
  expected = await losses(engine, STEPS);
  await engine.dispose();
});

it('onnxruntime learns: the loss falls by half in 50 steps', () => {
  expect(expected).toHaveLength(STEPS);
  expect(expected.at(-1)!).toBeLessThan(expected[0]! / 2);
});

it.each([
  ['onnxruntime-web', () => onnxruntimeWebEngine()],
  ['tfjs:cpu', () => tfjsEngine({ backend: 'cpu' })],
  ['tfjs:wasm', () => tfjsEngine({ backend: 'wasm' })],
] as const)('%s trains the same: the losses of 50 steps', async (_, make) => {
  const engine = await make();
  const found = await losses(engine, STEPS);
  await engine.dispose();
  expect(found).toHaveLength(STEPS);
  for (const [step, loss] of found.entries())
    expect(Math.abs(loss - expected[step]!), `step ${step}`).toBeLessThan(1e-3);
});
