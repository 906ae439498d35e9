import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import type { Feeds } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { smallResnet } from '@nats/space';
import { adamw, constantRate, createTraining } from '@nats/train';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { noisePng } from '../../test/images.js';
import type { Box } from '../data/box.js';
import type { Dataset, DatasetObject } from '../data/dataset.js';
import { loadMnist } from '../data/mnist.js';
import { mnistDetection } from '../data/mnist-detection.js';
import { demoFasterRcnnConfig, demoMaskRcnnConfig } from '../detectors/index.js';
import { buildDetector } from '../kinds/index.js';
import { encodeMask, maskArea, maskBox } from '../masks/rle-mask.js';
import { cocoMask, segmentationMask } from '../masks/segmentation.js';
import { type DetectionObjectiveOptions, detection } from './detection.js';

const small = {
  backbone: smallResnet({ inputChannels: 3, widths: [8, 8, 8], strides: [2, 2, 1] }),
  inputSize: [48, 48] as const,
  classes: 2,
  pyramid: { channels: 8, extra: 'none' } as const,
};
const detector = buildDetector(demoMaskRcnnConfig({ ...small, maskChannels: 4, maskDepth: 1 }));

const rectangle = ([x1, y1, x2, y2]: Box) => [[x1, y1, x2, y1, x2, y2, x1, y2]];

/** Image i has i % 4 objects whose masks fill their boxes, as polygons and runs in turns, and a crowd without a mask. */
async function photos(count = 6): Promise<Dataset> {
  const size = { height: 40, width: 60 };
  const files = await Promise.all(
    Array.from({ length: count }, async (_, i) => [`${i}.png`, await noisePng(40, 60, i)] as const),
  );
  const directory = await temporaryDirectory(Object.fromEntries(files));
  const objectsOf = (i: number) =>
    Array.from({ length: i % 4 }, (_, k): DatasetObject => {
      const box: Box = [2 + 18 * k, 3 + 4 * k, 18 + 18 * k - 2 * i, 30 - k];
      const polygons = rectangle(box);
      return { box, label: k % 2, segmentation: k % 2 === 0 ? polygons : cocoMask(segmentationMask(polygons, size)) };
    });
  return {
    name: 'photos',
    classes: ['a', 'b'],
    problems: [],
    records: files.map(([file], i) => ({
      id: `photo ${i}`,
      source: { file: join(directory, file) },
      ...size,
      objects: [...objectsOf(i), { box: [0, 0, 50, 30], label: 0, crowd: true }],
    })),
  };
}

function open(options: Omit<DetectionObjectiveOptions, 'detector' | 'batchSize'> & Partial<DetectionObjectiveOptions>) {
  const objective = detection({ detector, batchSize: 3, workers: 0, ...options });
  onTestFinished(() => objective.dispose());
  return objective;
}

/** Every object's mask fills its box; behind the last object there is none. Returns how many objects there are. */
function expectMasksInBoxes({ masks, boxes, labels }: Feeds): number {
  const [b, m, height, width] = masks!.shape as [number, number, number, number];
  expect(boxes!.shape).toEqual([b, m, 4]);
  let objects = 0;
  for (let place = 0; place < b * m; place++) {
    const area = height * width;
    const mask = encodeMask(masks!.data.subarray(place * area, (place + 1) * area), height, width);
    if (labels!.data[place]! < 0) {
      expect(maskArea(mask)).toBe(0);
      continue;
    }
    objects++;
    const [x, y, w, h] = maskBox(mask);
    for (const [side, value] of [x, y, x + w, y + h].entries()) {
      expect(Math.abs(value - boxes!.data[place * 4 + side]!)).toBeLessThanOrEqual(1);
    }
    expect(maskArea(mask)).toBe(w * h);
  }
  return objects;
}

const bits = (feeds: Feeds) =>
  Object.entries(feeds).map(([name, { data }]) => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  ]);

const augment = {
  flip: 0.5,
  crop: {},
  color: { brightness: 0.3 },
  scale: [0.7, 1.4],
  mosaic: { probability: 0.3 },
} as const;

describe('masks of a batch', () => {
  test('lie where the boxes are, augmented or not', async () => {
    const dataset = await photos();
    const objective = open({ datasets: { train: { dataset, augment }, val: dataset } });
    let objects = 0;
    for (let step = 0; step < 12; step++) objects += expectMasksInBoxes(await objective.batch('train', step));
    expect(objects).toBeGreaterThan(25);
    const plain = await objective.batch('val', 0);
    expectMasksInBoxes(plain);
    expect(plain.masks!.shape).toEqual([3, 12, 48, 48]);
    expect(plain.masks!.dtype).toBe('bool');
  });

  test('are the same with threads, and for the same seed', async () => {
    const dataset = await photos();
    const datasets = { train: { dataset, augment } };
    const [plain, threaded] = [
      open({ datasets, seed: 3 }),
      open({ datasets, seed: 3, workers: 1, prefetch: 1, cache: true }),
    ];
    for (const step of [0, 1, 5, 0]) {
      expect(bits(await threaded.batch('train', step))).toEqual(bits(await plain.batch('train', step)));
    }
    expect(bits(await open({ datasets, seed: 4 }).batch('train', 0))).not.toEqual(bits(await plain.batch('train', 0)));
  });

  test('go with the objects that are left where there are more than places', async () => {
    const dataset = await photos();
    expect(() => open({ datasets: { train: dataset }, maxObjects: 2 })).toThrow(/3 objects in photo 3.*2 \(maxObjects/);
    const objective = open({ datasets: { train: dataset }, maxObjects: 2, onTooMany: 'drop' });
    let full = 0;
    for (let step = 0; step < 4; step++) {
      const feeds = await objective.batch('train', step);
      expect(feeds.masks!.shape).toEqual([3, 2, 48, 48]);
      expectMasksInBoxes(feeds);
      full += feeds.labels!.data.filter((label) => label >= 0).length;
    }
    expect(full).toBeGreaterThan(8);
  });

  test('are none where no image has an object', async () => {
    const dataset = await photos();
    const records = dataset.records.map((record) => ({ ...record, objects: [] }));
    const { masks } = await open({ datasets: { train: { ...dataset, records } } }).batch('train', 0);
    expect(masks!.shape).toEqual([3, 1, 48, 48]);
    expect(masks!.data.every((value) => value === 0)).toBe(true);
  });

  test('are asked for by detectors that give masks alone, before anything is trained', async () => {
    const dataset = await photos();
    const bare = {
      ...dataset,
      records: dataset.records.map((record) => ({
        ...record,
        objects: record.objects.map(({ segmentation: _, ...object }) => object),
      })),
    };
    expect(() => open({ datasets: { train: dataset, val: bare } })).toThrow(
      /val.*none of object 0 of image photo 1.*needs one \(a segmentation/,
    );
    const faster = open({ detector: buildDetector(demoFasterRcnnConfig(small)), datasets: { train: bare } });
    expect((await faster.batch('train', 0)).masks).toBeUndefined();
  });
});

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

test('a training on digits with masks lowers the loss of masks, and finds them', async () => {
  const digits = await loadMnist('train');
  const sizes = { imageSize: 48, side: [24, 40], count: [1, 2] } as const;
  const objective = open({
    detector: buildDetector(
      demoMaskRcnnConfig({
        ...small,
        backbone: smallResnet({ inputChannels: 1, widths: [8, 16, 16], strides: [2, 2, 1] }),
        classes: 10,
        maskPool: { size: 7, samplingRatio: 2, boundaries: [32] },
        maskChannels: 16,
        maskDepth: 1,
      }),
    ),
    datasets: { train: mnistDetection({ digits, size: 8, seed: 5, masks: true, ...sizes }) },
    batchSize: 4,
    maxObjects: 2,
    detection: { scoreThreshold: 0 },
  });
  const training = await createTraining({
    engine,
    objective,
    steps: 80,
    seed: 2,
    phases: [{ optimizer: adamw(), learningRate: constantRate(1e-2), clipNorm: 10 }],
    evaluation: { split: 'train' },
  });
  const losses: number[] = [];
  let metrics: Readonly<Record<string, number>> = {};
  for await (const event of training.events()) {
    if (event.type === 'step') losses.push(event.metrics.mask!);
    if (event.type === 'evaluation') metrics = event.metrics;
  }
  await training.dispose();
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  expect(losses).toHaveLength(80);
  expect(mean(losses.slice(-10))).toBeLessThan(0.8 * mean(losses.slice(0, 10)));
  expect(metrics.AP50).toBeGreaterThan(0.5);
  expect(metrics['segm/AP50']).toBeGreaterThan(0.5);
});
