import { createScope, input } from '@nats/graph';
import { buildBackbone, convolutionSites } from '@nats/space';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { backbone, costs, file, scheme } from '../../../examples/own-backbone.js';

test("the example of a backbone of one's own: searchable, transformed, and a file that runs", async () => {
  expect(convolutionSites(backbone).map(({ name, stage }) => [name, stage])).toEqual([
    ['stage1.0.conv', 'C2'],
    ['stage1.1.conv', 'C2'],
    ['stage2.0.conv', 'C3'],
    ['stage2.1.conv', 'C3'],
    ['stage3.0.conv', 'C4'],
    ['stage3.1.conv', 'C4'],
  ]);
  const { outputs } = buildBackbone(createScope(), input('x', 'float32', [1, 3, 64, 64]), backbone);
  for (const { features, stride } of outputs) expect(features.shape[2]).toBe(64 / stride);
  expect([...scheme.convolutions.keys()]).toEqual(convolutionSites(backbone).map(({ name }) => name));
  expect(costs.layers.map(({ name }) => name)).toContain('backbone.body.stage3.1.conv');

  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
  const images = new Tensor('float32', new Float32Array(3 * 128 * 128), [1, 3, 128, 128]);
  const found = await session.run({ [session.inputNames[0]!]: images });
  await session.release();
  expect(found.detections!.dims.slice(0, 1)).toEqual([1]);
  expect((found.detections!.data as Float32Array).every(Number.isFinite)).toBe(true);
});
