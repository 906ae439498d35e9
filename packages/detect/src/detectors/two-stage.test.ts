import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  createScope,
  type Feeds,
  hashUniform,
  initialize,
  input,
  mergeSpecs,
  type Scope,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { smallResnet } from '@nats/space';
import { adamw, trainingStep } from '@nats/train';
import { afterAll, describe, expect, test } from 'vitest';
import { buildDetector } from '../kinds/index.js';
import { boxMask } from '../masks/mask-polygon.js';
import { maskBox } from '../masks/rle-mask.js';
import { detection } from '../objective/detection.js';
import { maskFeeds } from '../objective/mask-feeds.js';
import { detectionsOf } from '../postprocess/detections.js';
import { maskedDetectionsOf } from '../postprocess/masked-detections.js';
import { cascadeRcnnConfig } from './cascade-rcnn.js';
import { demoFasterRcnnConfig } from './demo-two-stage.js';
import type { DetectionLoss } from './detector.js';
import type { DetectorConfig } from './index.js';
import { maskRcnnConfig } from './mask-rcnn.js';

const SIZE = 64;
const PLACES = 3;
const options = {
  backbone: smallResnet({ inputChannels: 1, widths: [16, 32, 32], strides: [1, 2, 2] }),
  inputSize: [SIZE, SIZE] as const,
  classes: 2,
  pyramid: { channels: 16, extra: 'none' } as const,
  anchors: [
    { sizes: [12, 18], aspectRatios: [0.5, 1, 2] },
    { sizes: [24, 36], aspectRatios: [0.5, 1, 2] },
  ],
  boxPool: { size: 5, samplingRatio: 2, boundaries: [24] },
  representationSize: 32,
};
const faster = demoFasterRcnnConfig(options);
const CONFIGS: [string, DetectorConfig][] = [
  ['faster-rcnn', faster],
  ['cascade-rcnn', cascadeRcnnConfig(faster)],
  [
    'mask-rcnn',
    maskRcnnConfig({ ...faster, maskPool: { ...faster.boxPool, size: 7 }, maskChannels: 16, maskDepth: 1 }),
  ],
];

/** Two images: a bright square and a dark bar; nothing. */
const OBJECTS = [
  { box: [8, 8, 28, 28], label: 0 },
  { box: [36, 20, 52, 52], label: 1 },
] as const;

function images(): TensorData {
  const pixels = new Float32Array(2 * SIZE * SIZE).map((_, i) => hashUniform(1, i) * 0.2);
  for (const { box, label } of OBJECTS) {
    for (let y = box[1]; y < box[3]; y++) pixels.fill(label === 0 ? 1 : -1, y * SIZE + box[0], y * SIZE + box[2]);
  }
  return tensorData('float32', [2, 1, SIZE, SIZE], pixels);
}

function targetsOf(objects: readonly { readonly box: readonly number[]; readonly label: number }[]): Feeds {
  const boxes = new Float32Array(2 * PLACES * 4);
  const labels = new Int32Array(2 * PLACES).fill(-1);
  boxes.set(objects.flatMap(({ box }) => box));
  labels.set(objects.map(({ label }) => label));
  return {
    boxes: tensorData('float32', [2, PLACES, 4], boxes),
    labels: tensorData('int32', [2, PLACES], labels),
  };
}

/** Of the first image's objects: the left half of each box. */
function masksOf(objects: Parameters<typeof targetsOf>[0]): Feeds {
  const halves = objects.map(({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }) =>
    boxMask([x1, y1, (x2 - x1) / 2, y2 - y1], SIZE, SIZE),
  );
  return maskFeeds([halves, []], PLACES, [SIZE, SIZE]);
}

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

describe.each(CONFIGS)('%s', (_, config) => {
  const detector = buildDetector(config);
  const lossOf = (scope: Scope): DetectionLoss =>
    detector.loss(scope, input('images', 'float32', [2, 1, SIZE, SIZE]), {
      boxes: input('boxes', 'float32', [2, PLACES, 4]),
      labels: input('labels', 'int32', [2, PLACES]),
    });
  const objective = {
    loss: (scope: Scope) => {
      const { loss, parts } = lossOf(scope);
      return { loss, metrics: parts };
    },
  };
  const feeds = (seed: number, objects: Parameters<typeof targetsOf>[0] = OBJECTS): Feeds => ({
    images: images(),
    ...targetsOf(objects),
    ...detector.feeds!(2, PLACES, seed),
    ...(config.kind === 'mask-rcnn' && masksOf(objects)),
  });
  const candidatesProgram = (batch: number | 'N') => {
    const scope = createScope();
    const outputs = { ...detector.candidates(scope, input('images', 'float32', [batch, 1, SIZE, SIZE])) };
    return { program: createProgram({ outputs }), spec: scope.spec };
  };
  const learningRate = tensorData('float32', [], [3e-3]);
  const step = trainingStep(objective, { optimizer: adamw() });

  test('learns two objects by heart, and finds nothing where nothing is', async () => {
    const inference = candidatesProgram(2);
    const spec = mergeSpecs(step.spec, inference.spec);
    expect([...inference.spec.keys()].filter((name) => !step.spec.has(name))).toEqual([]);
    const state = await engine.createState(spec, initialize(spec, 5));
    const train = await engine.compile(step.program);
    const losses: number[] = [];
    for (let i = 0; i < 120; i++) losses.push((await train.run(state, { ...feeds(i), learningRate })).loss!.data[0]!);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 3);

    const detect = await engine.compile(inference.program);
    const { boxes, scores, labels, masks } = (await detect.run(state, { images: images() })) as Record<
      string,
      TensorData
    >;
    const [first, second] = detectionsOf(
      { boxes: boxes!, scores: scores!, labels: labels! },
      { scoreThreshold: 0.3, iouThreshold: 0.3 },
    );
    expect(second!.scores).toEqual([]);
    for (const { box, label } of OBJECTS) {
      const best = first!.labels.indexOf(label);
      expect(best).toBeGreaterThanOrEqual(0);
      for (const [side, value] of box.entries()) expect(Math.abs(first!.boxes[best]![side]! - value)).toBeLessThan(6);
    }
    if (!masks) return;
    const options = { scoreThreshold: 0.3, iouThreshold: 0.3 };
    const [masked] = maskedDetectionsOf(
      { boxes: boxes!, scores: scores!, labels: labels!, masks },
      [SIZE, SIZE],
      options,
    );
    for (const { box, label } of OBJECTS) {
      const [x, y, width, height] = maskBox(masked!.masks[masked!.labels.indexOf(label)]!);
      const half = [box[0], box[1], (box[0] + box[2]) / 2, box[3]];
      for (const [side, value] of [x, y, x + width, y + height].entries()) {
        expect(Math.abs(value - half[side]!)).toBeLessThan(6);
      }
    }
  });

  test('a batch without objects trains background only; nothing becomes infinite', async () => {
    const state = await engine.createState(step.spec, initialize(step.spec, 5));
    const train = await engine.compile(step.program);
    const results: Readonly<Record<string, TensorData>>[] = [];
    for (let i = 0; i < 3; i++) results.push(await train.run(state, { ...feeds(i, []), learningRate }));
    for (const { loss, gradientNorm, ...parts } of results) {
      expect(Number.isFinite(loss!.data[0]!) && Number.isFinite(gradientNorm?.data[0] ?? 0)).toBe(true);
      for (const [name, value] of Object.entries(parts)) {
        if (/^(proposal|box|mask)/.test(name)) expect([name, value.data[0]]).toEqual([name, 0]);
      }
    }
  });

  test('without a single proposal the objects alone train the second stage, and nothing is found', async () => {
    const { program, spec } = candidatesProgram(2);
    const everything = mergeSpecs(step.spec, spec);
    const values = initialize(everything, 5);
    // Every box is shifted by a hundred anchors: outside, and empty once clipped.
    values.get('rpn.head.bbox_pred.bias')!.data.fill(100);
    const state = await engine.createState(everything, values);
    const found = await (await engine.compile(program)).run(state, { images: images() });
    expect(Math.max(...found.scores!.data)).toBe(0);
    const { loss, classification, classification1 } = (await (
      await engine.compile(step.program)
    ).run(state, {
      ...feeds(1),
      learningRate,
    })) as Record<string, TensorData>;
    expect(Number.isFinite(loss!.data[0])).toBe(true);
    expect((classification ?? classification1)!.data[0]).toBeGreaterThan(0);
  });

  test('batches of any size find what a batch of two finds', async () => {
    const [two, any] = [candidatesProgram(2), candidatesProgram('N')];
    const values = initialize(two.spec, 7);
    const state = await engine.createState(two.spec, values);
    const expected = await (await engine.compile(two.program)).run(state, { images: images() });
    const all = images();
    const executable = await engine.compile(any.program);
    for (let image = 0; image < 2; image++) {
      const data = all.data.subarray(image * SIZE * SIZE, (image + 1) * SIZE * SIZE);
      const found = await executable.run(state, { images: tensorData('float32', [1, 1, SIZE, SIZE], data) });
      const [, k] = found.scores!.shape as [number, number];
      for (let i = 0; i < k; i++) {
        expect(Math.abs(found.scores!.data[i]! - expected.scores!.data[image * k + i]!)).toBeLessThan(1e-4);
      }
      for (const [i, value] of (found.masks?.data ?? []).entries()) {
        expect(Math.abs(value - expected.masks!.data[image * found.masks!.data.length + i]!)).toBeLessThan(1e-5);
      }
    }
  });

  test('what is drawn hangs on the seed alone', async () => {
    const state = await engine.createState(step.spec, initialize(step.spec, 5));
    const scope = createScope();
    const loss = await engine.compile(createProgram({ outputs: { loss: lossOf(scope).loss } }));
    const at = async (seed: number) => (await loss.run(state, feeds(seed))).loss!.data[0]!;
    expect(await at(1)).toBe(await at(1));
    expect(await at(1)).not.toBe(await at(2));
  });
});

test('the objective feeds what is drawn, by seed, split and step', async () => {
  const image = { channels: 1, height: SIZE, width: SIZE, pixels: new Uint8Array(SIZE * SIZE) };
  const records = [0, 1, 2, 3].map((i) => ({
    id: String(i),
    source: { load: () => image },
    width: SIZE,
    height: SIZE,
    objects: [],
  }));
  const dataset = { name: 'empty', classes: ['a', 'b'], records, problems: [] };
  const batches = async (seed: number) => {
    const objective = detection({
      detector: buildDetector(faster),
      datasets: { dataset },
      batchSize: 2,
      maxObjects: 3,
      seed,
    });
    const keys = await Promise.all([0, 1].map(async (i) => (await objective.batch('dataset', i))['roi_heads.keys']!));
    await objective.dispose();
    return keys;
  };
  const [first, second] = await batches(1);
  expect(first!.shape).toEqual([2, faster.trainingProposals.maxProposals + 3]);
  expect(await batches(1)).toEqual([first, second]);
  expect(second).not.toEqual(first);
  expect((await batches(2))[0]).not.toEqual(first);
});

test('levels with different numbers of anchors are refused', () => {
  const anchors = [options.anchors[0]!, { sizes: [24], aspectRatios: [1] }];
  const detector = buildDetector(demoFasterRcnnConfig({ ...options, anchors }));
  expect(() => detector.candidates(createScope(), input('images', 'float32', [1, 1, SIZE, SIZE]))).toThrow(
    /received 6, 1.*as many anchors at a location as the others/,
  );
});
