import { encodeDetector } from '@nats/detect';
import { add, cast, concat, createProgram, input, multiply, reduceMean, reshape } from '@nats/graph';
import { expect, test } from 'vitest';
import { openDetectorBytes } from './open-detector.js';

const images = input('images', 'float32', ['N', 1, 4, 4]);
/** One detection with score and label 1, whatever is seen. */
const one = add(multiply(reshape(reduceMean(images, { axes: [1, 2, 3] }), ['N', 1]), 0), 1);
const side = reshape(one, ['N', 1, 1]);
const program = createProgram({
  outputs: {
    boxes: concat([side, side, multiply(side, 3), multiply(side, 3)], 2),
    scores: one,
    labels: cast(one, 'int32'),
  },
});
const bytes = (classes: readonly string[]) =>
  encodeDetector(program, {
    values: new Map(),
    classes,
    statistics: { mean: [0], deviation: [1] },
    preprocessing: 'NHWC',
    suppression: false,
    tool: 'test',
  });
const image = { channels: 1 as const, height: 4, width: 4, pixels: new Uint8Array(16) };

test('detects; a label without a name is the fault of the file', async () => {
  const model = await openDetectorBytes(bytes(['zero', 'one']), 'good.onnx', { threads: 1 });
  expect((await model.detect(image)).labels).toEqual([1]);
  await model.close();
  const wrong = await openDetectorBytes(bytes(['zero']), 'wrong.onnx', { threads: 1 });
  await expect(wrong.detect(image)).rejects.toThrow(
    /wrong\.onnx.*received label 1, and 1 names.*a name for each of its labels/,
  );
  await wrong.close();
});

test('what onnxruntime refuses is named', async () => {
  const text = Buffer.from(bytes(['zero', 'one'])).toString('latin1');
  const broken = Buffer.from(text.replaceAll('Transpose', 'Transpoze'), 'latin1');
  await expect(openDetectorBytes(broken, 'broken.onnx', { threads: 1 })).rejects.toThrow(
    /broken\.onnx: onnxruntime can't run it: .*Transpoze/,
  );
});
