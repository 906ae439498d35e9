import { expect, it } from 'vitest';
import { losses } from '../test/tiny-training.js';
import { onnxruntimeEngine } from './onnxruntime/index.js';
import { onnxruntimeWebEngine } from './onnxruntime-web/index.js';
import { tfjsEngine } from './tfjs/index.js';

const STEPS = 50;

const others = [
  ['onnxruntime-web', () => onnxruntimeWebEngine()],
  ['tfjs:cpu', () => tfjsEngine({ backend: 'cpu' })],
  ['tfjs:wasm', () => tfjsEngine({ backend: 'wasm' })],
] as const;

it('trains the same on every engine: the losses of 50 steps', async () => {
  const embedded = onnxruntimeEngine({ threads: 1 });
  const expected = await losses(embedded, STEPS);
  await embedded.dispose();
  expect(expected.at(-1)!).toBeLessThan(expected[0]! / 2);
  for (const [name, make] of others) {
    const engine = await make();
    const found = await losses(engine, STEPS);
    await engine.dispose();
    const worst = Math.max(...found.map((loss, i) => Math.abs(loss - expected[i]!)));
    expect(worst, `${name} differs by ${worst}`).toBeLessThan(1e-3);
  }
});
