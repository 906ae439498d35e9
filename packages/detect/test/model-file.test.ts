import {
  type DecodedImage,
  type Detections,
  detectionsOf,
  encodeDetector,
  fixedDetections,
  imageDetector,
  letterbox,
  maskArea,
  mergeMasks,
  modelFeeds,
  placeImage,
  readDetectorMetadata,
} from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { readModel } from '@nats/export';
import {
  cast,
  concat,
  createProgram,
  input,
  multiply,
  type Program,
  reshape,
  sliceAxis,
  type TensorData,
  tensorData,
} from '@nats/graph';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  CLASSES,
  CONFIGS,
  candidatesProgram,
  expectedDetections,
  expectedUnpasted,
  livelyValues,
  preparedImage,
  SIZE,
  STATISTICS,
  testImage,
} from './model-files.js';
import { openModel, type RuntimeName, runtimeNames } from './runtimes.js';

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const common = { classes: CLASSES, statistics: STATISTICS, tool: 'test 1' };
/** Smaller, of another shape, just as large, thin. */
const IMAGES = [testImage(37, 81, 1), testImage(150, 90, 2), testImage(...SIZE, 3), testImage(3, 200, 4)];

/** Largest differences of scores, and of boxes as parts of the image's longer side, where all else is equal. */
function expectSame(found: readonly Detections[], expected: readonly Detections[], images: readonly DecodedImage[]) {
  for (const [i, { boxes, scores, labels, masks }] of found.entries()) {
    expect(labels).toEqual(expected[i]!.labels);
    const scale = Math.max(images[i]!.height, images[i]!.width);
    const score = scores.map((value, k) => Math.abs(value - expected[i]!.scores[k]!));
    const box = boxes.flatMap((sides, k) => sides.map((value, c) => Math.abs(value - expected[i]!.boxes[k]![c]!)));
    expect(Math.max(0, ...score)).toBeLessThan(1e-5);
    expect(Math.max(0, ...box) / scale).toBeLessThan(1e-4);
    // A side that is nearly a whole number of pixels may fall on either side of it.
    expect(differentPixels(masks, expected[i]!.masks)).toBeLessThan(0.01);
  }
}

/** How much of its boxes a detector's masks fill. */
function maskShare({ boxes, masks }: Detections): number {
  const filled = masks!.reduce((sum, mask) => sum + maskArea(mask), 0);
  return filled / boxes.reduce((sum, [x1, y1, x2, y2]) => sum + (x2 - x1) * (y2 - y1), 0);
}

/** Share of the pixels of masks in which two lists of them differ; 0 without masks. */
function differentPixels(found: Detections['masks'], expected: Detections['masks']): number {
  expect(found?.length).toBe(expected?.length);
  let [different, all] = [0, 0];
  for (const [k, mask] of (found ?? []).entries()) {
    const both = [mask, expected![k]!];
    const union = maskArea(mergeMasks(both));
    all += union;
    different += union - maskArea(mergeMasks(both, 'intersection'));
  }
  return all === 0 ? 0 : different / all;
}

async function withModel<T>(
  runtime: RuntimeName,
  bytes: Uint8Array,
  use: (detect: ReturnType<typeof imageDetector>) => T,
) {
  const model = await openModel(runtime, bytes);
  const result = await use(imageDetector(readDetectorMetadata(bytes), model.run));
  await model.close();
  return result;
}

describe.each(Object.entries(CONFIGS))('%s as a file', (_, config) => {
  const { program } = candidatesProgram(config);
  const values = livelyValues(config);
  const thresholds = { scoreThreshold: config.kind === 'fcos' ? 0.85 : 0.2, iouThreshold: 0.3, maxDetections: 60 };
  const expected = (options = thresholds, images = IMAGES) =>
    expectedDetections(engine, config, program, values, images, options);

  test.each(runtimeNames)('detects in images as the program and the loader do: %s', async (runtime) => {
    const bytes = encodeDetector(program, { ...common, values, thresholds, preprocessing: 'NHWC' });
    const known = await expected();
    expect(known.some(({ scores }) => scores.length < thresholds.maxDetections)).toBe(true);
    expect(known.every(({ scores }) => scores.length > 0)).toBe(true);
    if (config.kind === 'mask-rcnn')
      expect(known.map(maskShare).every((share) => share > 0.1 && share < 0.9)).toBe(true);
    await withModel(runtime, bytes, async (detect) => {
      const found: Detections[] = [];
      for (const image of IMAGES) found.push(...(await detect([image])));
      expectSame(found, known, IMAGES);
      for (const [i, { boxes }] of found.entries()) {
        const { width, height } = IMAGES[i]!;
        for (const [x1, y1, x2, y2] of boxes) {
          expect([x1 >= 0, y1 >= 0, x1 <= x2, y1 <= y2, x2 <= width, y2 <= height]).not.toContain(false);
        }
      }
    });
  });

  test.each(runtimeNames)('takes batches: %s', async (runtime) => {
    const images = [1, 2, 3].map((seed) => testImage(50, 70, seed));
    const known = await expected(undefined, images);
    for (const preprocessing of ['NCHW', undefined] as const) {
      const bytes = encodeDetector(program, { ...common, values, thresholds, ...(preprocessing && { preprocessing }) });
      await withModel(runtime, bytes, async (detect) => expectSame(await detect(images), known, images));
    }
  });

  test('without suppression it gives candidates', async () => {
    const bytes = encodeDetector(program, { ...common, values, thresholds, suppression: false });
    expect(readModel(bytes).outputs.map(({ name }) => name)).toEqual([
      ...['boxes', 'scores', 'labels'],
      ...(config.kind === 'mask-rcnn' ? ['masks'] : []),
    ]);
    const known = await expected();
    await withModel('onnxruntime-node', bytes, async (detect) => {
      const found: Detections[] = [];
      for (const image of IMAGES) found.push(...(await detect([image])));
      expectSame(found, known, IMAGES);
    });
  });

  test("candidates of a file that letterboxes are suppressed as the program's are: before they are cut at the border", async () => {
    const bytes = encodeDetector(program, { ...common, values, thresholds, suppression: false, preprocessing: 'NCHW' });
    expect(readDetectorMetadata(bytes).output).toMatchObject({ kind: 'candidates', pixels: 'canvas' });
    const known = await expected();
    // Cut first, they would overlap more and be others.
    expect(await cutFirst(bytes)).not.toEqual(known.map(({ scores }) => scores.length));
    await withModel('onnxruntime-node', bytes, async (detect) => {
      const found: Detections[] = [];
      for (const image of IMAGES) found.push(...(await detect([image])));
      expectSame(found, known, IMAGES);
    });
  });

  test('says what it is, and has no batch norm left', () => {
    const bytes = encodeDetector(program, { ...common, values, preprocessing: 'NHWC' });
    const model = readModel(bytes);
    const note = expect.stringContaining('at least one image (N >= 1)');
    expect(model.inputs).toEqual([{ name: 'images', type: 'uint8', shape: ['N', 'H', 'W', 3], note }]);
    expect(model.outputs).toEqual([
      { name: 'detections', type: 'float32', shape: ['N', 100, 6] },
      { name: 'valid', type: 'bool', shape: ['N', 100] },
      ...(config.kind === 'mask-rcnn' ? [{ name: 'masks', type: 'float32', shape: ['N', 100, 10, 10] }] : []),
    ]);
    expect(model.initializers.filter(({ name }) => /running_/.test(name))).toEqual([]);
    expect(values.size).toBeGreaterThan(model.initializers.filter(({ name }) => values.has(name)).length);
  });
});

describe.each(runtimeNames)('masks in the file: %s', (runtime) => {
  test.each([[0.7], [0.3]])("are the program's, each with its own box: IoU %d", async (iouThreshold) => {
    const config = CONFIGS['mask-rcnn']!;
    const { program } = candidatesProgram(config);
    const values = livelyValues(config);
    const thresholds = { scoreThreshold: 0.2, iouThreshold, maxDetections: 90 };
    const model = await openModel(runtime, encodeDetector(program, { ...common, values, thresholds }));
    const known = await expectedUnpasted(engine, config, program, values, IMAGES, thresholds);
    for (const [i, image] of IMAGES.entries()) {
      const { detections, valid, masks } = await model.run({ images: preparedImage(image) });
      const [found] = fixedDetections(detections!, valid!, masks!);
      const [mine, theirs] = [found!, known[i]!].map(({ probabilities }) =>
        probabilities!.flatMap((x) => [...Array.from(x)]),
      );
      expect(mine!.length).toBe(theirs!.length);
      expect(Math.max(...mine!.map((value, k) => Math.abs(value - theirs![k]!)))).toBeLessThan(1e-4);
      expect(Math.max(...masks!.data.subarray(mine!.length))).toBe(0);
    }
    await model.close();
  });
});

/** How many detections there are in each image if candidates are cut at its border before they are suppressed. */
async function cutFirst(bytes: Uint8Array): Promise<number[]> {
  const convention = readDetectorMetadata(bytes);
  const model = await openModel('onnxruntime-node', bytes);
  const counts: number[] = [];
  for (const image of IMAGES) {
    const { boxes, scores, labels } = await model.run(modelFeeds(convention, [image]));
    const { width, height } = letterbox(image, SIZE);
    const cut = Float32Array.from(boxes!.data, (side, i) => Math.max(0, Math.min(side, i % 2 === 0 ? width : height)));
    const inside = { boxes: tensorData('float32', boxes!.shape, cut), scores: scores!, labels: labels! };
    counts.push(detectionsOf(inside, convention.thresholds)[0]!.scores.length);
  }
  await model.close();
  return counts;
}

/** A program that passes candidates on: `images` `[N, 1, K, 6]` are rows of x1, y1, x2, y2, score, label. */
function passingProgram(count: number): Program {
  const images = input('images', 'float32', ['N', 1, count, 6]);
  const rows = reshape(images, ['N', count, 6]);
  const column = (index: number) => reshape(sliceAxis(rows, 2, index, index + 1), ['N', count]);
  return createProgram({
    outputs: { boxes: sliceAxis(rows, 2, 0, 4), scores: column(4), labels: cast(column(5), 'int32') },
  });
}

describe.each(runtimeNames)('suppression in the file: %s', (runtime) => {
  test.each([
    { scoreThreshold: 0.3, iouThreshold: 0.4, maxDetections: 4 },
    { scoreThreshold: 0.05, iouThreshold: 0.5, maxDetections: 100 },
    { scoreThreshold: 0, iouThreshold: 0, maxDetections: 1 },
  ])('is that of detectionsOf: %o', async (thresholds) => {
    const count = 12;
    const bytes = encodeDetector(passingProgram(count), {
      ...common,
      statistics: { mean: [0], deviation: [1] },
      values: new Map(),
      thresholds,
    });
    const model = await openModel(runtime, bytes);
    const row = fc.tuple(fc.nat(6), fc.nat(6), fc.nat(5), fc.nat(5), fc.nat(10), fc.nat(2));
    const image = fc.array(row, { minLength: count, maxLength: count });
    await fc.assert(
      fc.asyncProperty(fc.array(image, { minLength: 1, maxLength: 3 }), async (images) => {
        const rows = images.flat().map(([x, y, w, h, score, label]) => [x, y, x + w, y + h, score / 10, label]);
        const feed = tensorData('float32', [images.length, 1, count, 6], rows.flat());
        const { detections, valid } = await model.run({ images: feed });
        const expected = detectionsOf(splitRows(feed.data, images.length, count), thresholds);
        const slots = Math.min(count, thresholds.maxDetections);
        expect(detections!.shape).toEqual([images.length, slots, 6]);
        const wanted = expected.flatMap(({ boxes, scores, labels }) => {
          const found = scores.map((score, k) => [...boxes[k]!, score, labels[k]!]);
          return [...found, ...Array.from({ length: slots - found.length }, () => [0, 0, 0, 0, 0, -1])];
        });
        expect([...detections!.data]).toEqual(wanted.flat());
        const mask = expected.flatMap(({ scores }) =>
          Array.from({ length: slots }, (_, k) => Number(k < scores.length)),
        );
        expect([...valid!.data]).toEqual(mask);
      }),
      { numRuns: 60 },
    );
    await model.close();
  });
});

function splitRows(data: TensorData['data'], images: number, count: number) {
  const part = (from: number, to: number) =>
    Array.from({ length: images * count }, (_, i) => [...data.slice(i * 6 + from, i * 6 + to)]).flat();
  return {
    boxes: tensorData('float32', [images, count, 4], part(0, 4)),
    scores: tensorData('float32', [images, count], part(4, 5)),
    labels: tensorData('int32', [images, count], part(5, 6)),
  };
}

describe.each(runtimeNames)('letterbox in the file: %s', (runtime) => {
  const [height, width] = [24, 40] as const;
  const count = 3 * height * width;

  test('gives the pixels of the loader', async () => {
    const images = input('images', 'float32', ['N', 3, height, width]);
    const scores = reshape(images, ['N', count]);
    const nothing = reshape(multiply(scores, 0), ['N', count, 1]);
    const program = createProgram({
      outputs: {
        boxes: concat([nothing, nothing, nothing, nothing], 2),
        scores,
        labels: cast(multiply(scores, 0), 'int32'),
      },
    });
    const options = {
      ...common,
      values: new Map(),
      suppression: false,
      statistics: { mean: [0, 0, 0], deviation: [1, 1, 1] },
    };
    const model = await openModel(runtime, encodeDetector(program, { ...options, preprocessing: 'NCHW' }));
    const sizes = fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 }), fc.nat(1000));
    await fc.assert(
      fc.asyncProperty(sizes, async ([h, w, seed]) => {
        const image = testImage(h, w, seed);
        const feed = tensorData('uint8', [1, 3, h, w], image.pixels);
        const { scores: pixels } = await model.run({ images: feed });
        const { pixels: expected } = placeImage(image, letterbox(image, [height, width]), [height, width]);
        expect(Array.from(pixels!.data, (value) => Math.round(value * 255 * 64) / 64)).toEqual([...expected]);
      }),
      { numRuns: 40, examples: [[[24, 40, 1]], [[1, 90, 2]], [[90, 1, 3]], [[48, 80, 4]], [[1, 1, 5]], [[25, 41, 6]]] },
    );
    await model.close();
  });
});
