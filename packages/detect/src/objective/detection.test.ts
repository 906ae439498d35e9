import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createScope, type Feeds, initialize, input, type TensorData } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { smallResnet } from '@nats/space';
import {
  adamw,
  type CheckpointOptions,
  checkpointDirectory,
  constantRate,
  createTraining,
  type EvaluationContext,
} from '@nats/train';
import sharp from 'sharp';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { noiseImage, noisePng } from '../../test/images.js';

import type { Box } from '../data/box.js';
import { type Dataset, selectRecords } from '../data/dataset.js';
import { encodePng } from '../data/write-coco.js';
import { demoDetectorConfig } from '../detectors/index.js';
import { buildDetector } from '../kinds/index.js';
import { divideIndices } from '../loader/index.js';
import { type DetectionObjectiveOptions, detection } from './detection.js';
import { evaluateDetector } from './evaluate-detector.js';

const detector = buildDetector(
  demoDetectorConfig({
    backbone: smallResnet({ inputChannels: 3, widths: [8, 8, 8], strides: [2, 2, 1] }),
    inputSize: [48, 48],
    classes: 2,
    pyramid: { channels: 8, extra: 'none' },
  }),
);

/** Images in files with a bright or dark square each, image i with i % 3 objects. */
async function photos(count = 6): Promise<Dataset> {
  const boxesOf = (i: number) => Array.from({ length: i % 3 }, (_, k): Box => [4 + 20 * k, 5, 20 + 20 * k, 24 + i]);
  const files = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const image = noiseImage(3, 40, 60, i);
      const pixels = image.pixels.map((value) => value >> 1);
      for (const [x1, y1, x2, y2] of boxesOf(i)) {
        for (let c = 0; c < 3; c++) {
          for (let y = y1; y < y2; y++) pixels.fill(250, (c * 40 + y) * 60 + x1, (c * 40 + y) * 60 + x2);
        }
      }
      return [`${i}.png`, await encodePng({ ...image, pixels })] as const;
    }),
  );
  const directory = await temporaryDirectory(Object.fromEntries(files));
  return {
    name: 'photos',
    classes: ['a', 'b'],
    problems: [],
    records: files.map(([file], i) => ({
      id: `photo ${i}`,
      source: { file: join(directory, file) },
      width: 60,
      height: 40,
      objects: boxesOf(i).map((box, label) => ({ box, label })),
    })),
  };
}

const augment = {
  flip: 0.5,
  crop: {},
  color: { brightness: 0.3, contrast: 0.3, saturation: 0.3 },
  scale: [0.7, 1.4],
  mosaic: { probability: 0.3 },
} as const;

function open(options: Omit<DetectionObjectiveOptions, 'detector' | 'batchSize'>) {
  const objective = detection({ detector, batchSize: 2, workers: 0, ...options });
  onTestFinished(() => objective.dispose());
  return objective;
}

const bytesOf = (values: Iterable<[string, TensorData]>) =>
  [...values].map(
    ([name, { data }]) => `${name} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`,
  );
const bits = (feeds: Feeds) => bytesOf(Object.entries(feeds));

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

describe('annotated images', () => {
  test('give the same batches with and without threads, cache and prefetching, and in evaluation order', async () => {
    const dataset = await photos();
    const datasets = { train: { dataset, augment }, val: dataset };
    const [plain, threaded] = [open({ datasets }), open({ datasets, workers: 2, cache: true, prefetch: 3 })];
    expect(plain.splits).toEqual({ train: { size: 6 }, val: { size: 6 } });
    for (const [split, step] of [
      ['train', 0],
      ['train', 1],
      ['val', 1],
      ['train', 7],
      ['train', 0],
    ] as const) {
      expect(bits(await threaded.batch(split, step))).toEqual(bits(await plain.batch(split, step)));
      expect(threaded.identify!(split, step)).toEqual(plain.identify!(split, step));
    }
    const [first, other] = [await plain.batch('train', 0), open({ datasets, seed: 1 })];
    expect(bits(await other.batch('train', 0))).not.toEqual(bits(first));
    expect([first.images!.shape, first.boxes!.shape, first.labels!.shape]).toEqual([
      [2, 3, 48, 48],
      // Four images of two objects in a mosaic.
      [2, 8, 4],
      [2, 8],
    ]);
  });

  test('of every kind of file are the same picture in a batch, upright, in color', async () => {
    const { pixels } = noiseImage(3, 8, 12, 5);
    // Large patches of gray: JPEG and CMYK keep them to a few shades.
    const patches = Uint8Array.from({ length: 48 * 48 * 3 }, (_, i) => {
      const [y, x] = [Math.floor(i / (48 * 3 * 12)), Math.floor((i % (48 * 3)) / (3 * 12))];
      return 40 + (pixels[y * 4 + x]! >> 1);
    });
    const picture = () => sharp(patches, { raw: { width: 48, height: 48, channels: 3 } });
    const files = {
      'plain.png': await picture().png().toBuffer(),
      '16-bit.png': await picture().toColourspace('rgb16').png().toBuffer(),
      'gray.jpg': await picture().toColourspace('b-w').jpeg({ quality: 100 }).toBuffer(),
      'cmyk.jpg': await picture().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
      // 6: stored turned by a quarter, to be turned back.
      'turned.jpg': await sharp(await picture().rotate(-90).png().toBuffer())
        .withMetadata({ orientation: 6 })
        .jpeg({ quality: 100 })
        .toBuffer(),
    };
    const directory = await temporaryDirectory(files);
    const names = Object.keys(files);
    const dataset: Dataset = {
      ...(await photos(1)),
      records: names.map((id) => ({
        id,
        source: { file: join(directory, id) },
        width: 48,
        height: 48,
        objects: [{ box: [1, 2, 20, 30], label: 0 }],
      })),
    };
    const objective = detection({ detector, batchSize: 5, datasets: { train: dataset }, workers: 0 });
    const { images, boxes } = await objective.batch('train', 0);
    const order = objective.identify!('train', 0);
    const area = 3 * 48 * 48;
    const of = (name: string) => images!.data.subarray(order.indexOf(name) * area, (order.indexOf(name) + 1) * area);
    for (const name of names) {
      const difference =
        Array.from(of(name)).reduce((sum, value, i) => sum + Math.abs(value - of('plain.png')[i]!), 0) / area;
      // In units of the deviation of 0.225; CMYK has no profile of the printer.
      expect([name, difference < (name === 'cmyk.jpg' ? 0.5 : 0.05)]).toEqual([name, true]);
    }
    expect([...boxes!.data]).toEqual(names.flatMap(() => [1, 2, 20, 30]));
  });

  test('are divided in halves without a common image', async () => {
    const dataset = await photos();
    const [weights, architecture] = divideIndices(dataset.records.length, 0.5, 3);
    const objective = open({
      datasets: { weights: { dataset, indices: weights }, architecture: { dataset, indices: architecture, augment } },
    });
    const seen = (split: string) => new Set([0, 1, 2, 3].flatMap((step) => objective.identify!(split, step)));
    expect([...seen('weights'), ...seen('architecture')].sort()).toEqual(dataset.records.map(({ id }) => id));
    const config = JSON.stringify(objective.config);
    expect(JSON.stringify(open({ datasets: { weights: { dataset, indices: architecture } } }).config)).not.toContain(
      /"indices":-?\d+/.exec(config)![0],
    );
  });

  test('with more objects than places are refused before training, or lose the smallest', async () => {
    const dataset = await photos();
    expect(() => open({ datasets: { train: dataset }, maxObjects: 1 })).toThrow(/2 objects in photo 2.*1 \(maxObjects/);
    const { labels } = await open({ datasets: { train: dataset }, maxObjects: 1, onTooMany: 'drop' }).batch('train', 0);
    expect(labels!.shape).toEqual([2, 1]);
  });

  test('with other classes than the detector are refused', async () => {
    const dataset = { ...(await photos()), classes: ['a'] };
    expect(() => open({ datasets: { train: dataset } })).toThrow(/train.*\d images and 1 classes.*2 classes/);
  });

  test('no split, or one without images, is refused', async () => {
    const dataset = { ...(await photos()), records: [] };
    expect(() => open({ datasets: { train: dataset } })).toThrow(/0 images/);
    await expect(open({ datasets: { train: await photos() } }).batch('valid', 0)).rejects.toThrow(/'valid'.*train/);
  });
});

test('a split is evaluated as its images are one by one: in their order, without their augmentation', async () => {
  const dataset = await photos(7);
  const scope = createScope();
  detector.candidates(scope, input('images', 'float32', [1, 3, 48, 48]));
  const state = await engine.createState(scope.spec, initialize(scope.spec, 3));
  const context: EvaluationContext = {
    engine,
    state,
    split: 'val',
    compile: (_key, build) => engine.compile(build()),
  };
  // Untrained, so that every score counts; what it finds depends on the image.
  const options = { detection: { scoreThreshold: 0, maxDetections: 5 } };
  const indices = [6, 0, 3, 5, 1];
  const objective = open({ datasets: { val: { dataset, augment, indices } }, evaluationBatchSize: 2, ...options });
  const { results } = await objective.evaluateSplit(context);
  const chosen = selectRecords(dataset, indices);
  const expected = await evaluateDetector({ detector, dataset: chosen, batch: 2, ...options }, context);
  expect(results).toHaveLength(25);
  expect(results).toEqual(expected.results);
  const first = results.filter(({ image_id }) => image_id === results[0]!.image_id);
  const last = results.filter(({ image_id }) => image_id === results.at(-1)!.image_id);
  expect(first.map(({ bbox }) => bbox)).not.toEqual(last.map(({ bbox }) => bbox));
  await state.dispose();
});

describe('a training on files', () => {
  async function run(dataset: Dataset, checkpoints: CheckpointOptions, stopAt?: number) {
    const objective = open({ datasets: { train: { dataset, augment }, val: dataset }, workers: 1, seed: 4 });
    const training = await createTraining({
      engine,
      objective,
      steps: 6,
      phases: [{ optimizer: adamw(), learningRate: constantRate(2e-3), clipNorm: 10, average: { decay: 0.9 } }],
      evaluation: { every: 2, split: 'val', best: { metric: 'AP50' } },
      checkpoints,
    });
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const event of training.events({ signal: stop.signal })) {
      if (event.type === 'step') seen.push(`${event.step} ${event.loss}`);
      if (event.type === 'evaluation') seen.push(`${event.step} ${JSON.stringify(event.metrics)}`);
      if (event.type === 'step' && event.step === stopAt) stop.abort();
    }
    const values = bytesOf(await training.state.read());
    await training.dispose();
    return { seen, values };
  }

  test('that was stopped and continued equals one that never was, bit for bit; evaluations included', async () => {
    const dataset = await photos();
    const [whole, parts] = [await temporaryDirectory(), await temporaryDirectory()];
    const expected = await run(dataset, { store: checkpointDirectory(whole) });
    const first = await run(dataset, { store: checkpointDirectory(parts), resume: 'if-present' }, 3);
    const second = await run(dataset, { store: checkpointDirectory(parts), resume: 'always' });
    expect([...first.seen, ...second.seen]).toEqual(expected.seen);
    expect(second.values).toEqual(expected.values);
    expect(expected.seen.filter((line) => line.includes('AP50')).map((line) => line[0])).toEqual(['2', '4', '6']);
  });

  test('goes on without any object: a finite loss, and nothing to evaluate', async () => {
    const dataset = await photos(4);
    const records = dataset.records.map((record) => ({ ...record, objects: [] }));
    const { seen } = await run({ ...dataset, records }, { store: checkpointDirectory(await temporaryDirectory()) });
    const losses = seen.filter((line) => !line.includes('{')).map((line) => Number(line.split(' ')[1]));
    expect(losses).toHaveLength(6);
    expect(losses.every((loss) => Number.isFinite(loss) && loss > 0)).toBe(true);
    expect(seen.at(-1)).toContain('"AP50":-1');
  });

  test('names an image that is missing', async () => {
    const dataset = await photos();
    const missing = join(await temporaryDirectory(), 'gone.png');
    const records = dataset.records.map((record) => ({ ...record, source: { file: missing } }));
    await expect(
      run({ ...dataset, records }, { store: checkpointDirectory(await temporaryDirectory()) }),
    ).rejects.toMatchObject({
      code: 'ENOENT',
      path: missing,
    });
  });

  test('names the image that cannot be decoded', async () => {
    const dataset = await photos();
    const directory = await temporaryDirectory({ 'cut.png': (await noisePng(40, 60)).subarray(0, 200) });
    const records = dataset.records.map((record) =>
      record.id === 'photo 2' ? { ...record, source: { file: join(directory, 'cut.png') } } : record,
    );
    await expect(
      run({ ...dataset, records }, { store: checkpointDirectory(await temporaryDirectory()) }),
    ).rejects.toThrow(/cut\.png/);
  });
});
