import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  createScope,
  hashUniform,
  initialize,
  input,
  mergeSpecs,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { smallResnet } from '@nats/space';
import { adamw, trainingStep } from '@nats/train';
import { afterAll, describe, expect, test } from 'vitest';
import { buildDetector } from '../kinds/index.js';
import { detectionsOf } from '../postprocess/detections.js';
import { demoDetectorConfig } from './demo.js';
import type { FcosConfig } from './fcos.js';
import { type RetinanetConfig, retinanetConfig } from './retinanet.js';

const SIZE = 64;
const backbone = smallResnet({ inputChannels: 1, widths: [16, 32, 32], strides: [1, 2, 2] });
const CONFIGS: [string, FcosConfig | RetinanetConfig][] = [
  [
    'fcos',
    demoDetectorConfig({
      backbone,
      inputSize: [SIZE, SIZE],
      classes: 2,
      pyramid: { channels: 16, extra: 'none' },
      ranges: [
        [0, 16],
        [16, null],
      ],
    }),
  ],
  [
    'retinanet',
    retinanetConfig({
      backbone,
      inputSize: [SIZE, SIZE],
      classes: 2,
      stages: ['C3', 'C4'],
      pyramid: { channels: 16, extra: 'none' },
      anchors: [
        { sizes: [12, 18], aspectRatios: [0.5, 1, 2] },
        { sizes: [24, 36], aspectRatios: [0.5, 1, 2] },
      ],
      headDepth: 1,
      headNorm: { kind: 'batch' },
    }),
  ],
];

/** Two images: a bright square and a dark bar; nothing. */
const OBJECTS = [
  { box: [8, 8, 28, 28], label: 0 },
  { box: [36, 20, 52, 52], label: 1 },
] as const;

function feeds() {
  const images = new Float32Array(2 * SIZE * SIZE).map((_, i) => hashUniform(1, i) * 0.2);
  for (const { box, label } of OBJECTS) {
    for (let y = box[1]; y < box[3]; y++) images.fill(label === 0 ? 1 : -1, y * SIZE + box[0], y * SIZE + box[2]);
  }
  return {
    images: tensorData('float32', [2, 1, SIZE, SIZE], images),
    boxes: tensorData('float32', [2, 3, 4], [...OBJECTS.flatMap(({ box }) => box), ...new Array(16).fill(0)]),
    labels: tensorData('int32', [2, 3], [0, 1, -1, -1, -1, -1]),
  };
}

const engine = onnxruntimeEngine();
afterAll(() => engine.dispose());

describe.each(CONFIGS)('%s', (_, config) => {
  const detector = buildDetector(config);

  test('learns two objects by heart, and finds nothing where nothing is', async () => {
    const objective = {
      loss: (scope: ReturnType<typeof createScope>) => {
        const images = input('images', 'float32', [2, 1, SIZE, SIZE]);
        const targets = { boxes: input('boxes', 'float32', [2, 3, 4]), labels: input('labels', 'int32', [2, 3]) };
        const { loss, parts } = detector.loss(scope, images, targets);
        return { loss, metrics: parts };
      },
    };
    const step = trainingStep(objective, { optimizer: adamw() });
    const scope = createScope({ normalization: 'batch' });
    const candidates = detector.candidates(scope, input('images', 'float32', [2, 1, SIZE, SIZE]));
    const inference = createProgram({ outputs: { ...candidates } });
    const spec = mergeSpecs(step.spec, scope.spec);
    expect([...scope.spec.keys()].filter((name) => !step.spec.has(name))).toEqual([]);

    const state = await engine.createState(spec, initialize(spec, 5));
    const train = await engine.compile(step.program);
    const learningRate = tensorData('float32', [], [3e-3]);
    const losses: number[] = [];
    for (let i = 0; i < 80; i++) losses.push((await train.run(state, { ...feeds(), learningRate })).loss!.data[0]!);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 3);

    const detect = await engine.compile(inference);
    const outputs = await detect.run(state, { images: feeds().images });
    const [first, second] = detectionsOf(
      { boxes: outputs.boxes!, scores: outputs.scores!, labels: outputs.labels! },
      { scoreThreshold: 0.3, iouThreshold: 0.3 },
    );
    expect(second!.scores).toEqual([]);
    for (const { box, label } of OBJECTS) {
      const best = first!.labels.indexOf(label);
      expect(best).toBeGreaterThanOrEqual(0);
      for (const [side, value] of box.entries()) expect(Math.abs(first!.boxes[best]![side]! - value)).toBeLessThan(4);
    }
  });
});

describe.each(CONFIGS)('%s with a batch of any size', (_, config) => {
  test('finds in each image what it finds in a batch of two', async () => {
    // All candidates, as which of nearly equal ones are the best hangs on the last bits.
    const detector = buildDetector({ ...config, candidatesPerLevel: 1e6 });
    const compiled = async (batch: 2 | 'N') => {
      const scope = createScope();
      const images = input('images', 'float32', [batch, 1, SIZE, SIZE]);
      const program = createProgram({ outputs: { ...detector.candidates(scope, images) } });
      return {
        executable: await engine.compile(program),
        state: await engine.createState(scope.spec, initialize(scope.spec, 7)),
      };
    };
    const [two, any] = [await compiled(2), await compiled('N')];
    const { images } = feeds();
    const expected = await two.executable.run(two.state, { images });
    const area = SIZE * SIZE;
    for (const order of [[0], [1, 0, 1]]) {
      const batch = tensorData(
        'float32',
        [order.length, 1, SIZE, SIZE],
        order.flatMap((image) => Array.from(images.data.subarray(image * area, (image + 1) * area))),
      );
      const found = await any.executable.run(any.state, { images: batch });
      expect(found.boxes!.shape).toEqual([order.length, ...expected.boxes!.shape.slice(1)]);
      for (const [i, image] of order.entries()) {
        const [own, other] = [candidatesOf(found, i), candidatesOf(expected, image)];
        expect(own.filter((row) => !other.some((known) => near(row, known)))).toEqual([]);
      }
    }
  });
});

/** Rows of box, score and label. */
function candidatesOf(outputs: Readonly<Record<string, TensorData>>, image: number): number[][] {
  const [, count, sides] = outputs.boxes!.shape as [number, number, number];
  return Array.from({ length: count }, (_, k) => {
    const at = image * count + k;
    const box = outputs.boxes!.data.subarray(at * sides, (at + 1) * sides);
    return [...box, outputs.scores!.data[at]!, outputs.labels!.data[at]!];
  });
}

function near(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => Math.abs(value - b[i]!) < 1e-4);
}
