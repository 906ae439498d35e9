import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, onTestFinished, test } from 'vitest';
import { noiseImage, noisePng } from '../../test/images.js';
import type { Dataset, DatasetObject } from '../data/dataset.js';
import { loadRecordImage } from '../data/decode-image.js';
import { boxesInImage, boxesOnCanvas, letterbox, placeImage } from '../data/placement.js';
import { targetsOf } from '../data/targets.js';
import { divideIndices } from './batch-plan.js';
import { createLoader, type DetectionBatch, type LoaderOptions } from './loader.js';

const object = (label: number, ...box: [number, number, number, number]): DatasetObject => ({ box, label });

/** Ten images in files, of two shapes, with none to four objects and a crowd. */
async function photos(): Promise<Dataset> {
  const shapes = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? [24, 36] : [36, 24]) as [number, number]);
  const files = await Promise.all(shapes.map(async ([h, w], i) => [`${i}.png`, await noisePng(h, w, i)] as const));
  const directory = await temporaryDirectory(Object.fromEntries(files));
  return {
    name: 'photos',
    classes: ['cat', 'dog'],
    problems: [],
    records: shapes.map(([height, width], i) => ({
      id: `photo ${i}`,
      source: { file: join(directory, `${i}.png`) },
      width,
      height,
      objects: [
        ...Array.from({ length: i % 5 }, (_, k) => object(k % 2, k, 2 * k, k + 12.5, 2 * k + 10)),
        { ...object(0, 0, 0, 20, 20), crowd: true },
      ],
    })),
  };
}

const augment = {
  flip: 0.5,
  crop: {},
  color: { brightness: 0.3, contrast: 0.3, saturation: 0.3 },
  scale: [0.5, 2],
  mosaic: { probability: 0.3 },
} as const;

function open(options: LoaderOptions) {
  const loader = createLoader(options);
  onTestFinished(() => loader.close());
  return loader;
}

const bytesOf = ({ images, boxes, labels, counts }: DetectionBatch) =>
  [images, boxes, labels, counts].map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  );

const base = { size: [32, 32] as const, batchSize: 4, workers: 0 };

describe('a batch', () => {
  test('has normalized images and padded objects, and says where the images lie', async () => {
    const dataset = await photos();
    const statistics = { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.25, 0.5] };
    const loader = open({ ...base, splits: { val: { dataset, shuffle: false } }, maxObjects: 6, statistics });
    const { images, boxes, labels, counts, ids, placements } = await loader.batch('val', 1);
    expect([images.shape, boxes.shape, labels.shape, counts.shape]).toEqual([[4, 3, 32, 32], [4, 6, 4], [4, 6], [4]]);
    expect([images.dtype, boxes.dtype, labels.dtype, counts.dtype]).toEqual(['float32', 'float32', 'int32', 'int32']);
    expect(ids).toEqual(['photo 4', 'photo 5', 'photo 6', 'photo 7']);
    expect([...counts.data]).toEqual([4, 0, 1, 2]);
    for (let i = 0; i < 4; i++) {
      const record = dataset.records[4 + i]!;
      const image = await loadRecordImage(record);
      const placement = letterbox(image, [32, 32]);
      const { labels: targetLabels, boxes: targetBoxes } = targetsOf(record);
      const example = {
        ...placeImage(image, placement, [32, 32]),
        placement,
        labels: targetLabels,
        boxes: boxesOnCanvas(targetBoxes, placement),
      };
      expect(placements[i]).toEqual(example.placement);
      const own = images.data.subarray(i * 3072, (i + 1) * 3072);
      for (const at of [0, 500, 1024, 2047, 3071]) {
        const c = Math.floor(at / 1024);
        expect(own[at]).toBe(Math.fround((example.pixels[at]! / 255 - statistics.mean[c]!) / statistics.deviation[c]!));
      }
      const found = boxes.data.subarray(i * 24, i * 24 + 24);
      expect([...found]).toEqual([...example.boxes, ...new Array(24 - example.boxes.length).fill(0)]);
      expect([...labels.data.subarray(i * 6, i * 6 + 6)]).toEqual([
        ...example.labels,
        ...new Array(6 - example.labels.length).fill(-1),
      ]);
      const original = dataset.records[4 + i]!.objects.filter(({ crowd }) => !crowd).flatMap(({ box }) => box);
      for (const [k, value] of boxesInImage(example.boxes, example.placement!).entries()) {
        expect(Math.abs(value - original[k]!)).toBeLessThan(1e-4);
      }
    }
  });

  test('goes on over the end of the split, in gray if asked', async () => {
    const loader = open({ ...base, splits: { val: { dataset: await photos(), shuffle: false } }, channels: 1 });
    expect(loader.splits).toEqual({ val: { size: 10, steps: 3 } });
    const { ids, images } = await loader.batch('val', 2);
    expect(ids).toEqual(['photo 8', 'photo 9', 'photo 0', 'photo 1']);
    expect(images.shape).toEqual([4, 1, 32, 32]);
  });

  test('has one of up to four sizes, of the nearest shape', async () => {
    const dataset = await photos();
    const loader = open({
      ...base,
      size: [
        [32, 48],
        [48, 32],
      ],
      splits: { train: { dataset } },
    });
    const shapes = new Set<string>();
    for (let step = 0; step < 4; step++) {
      const { images, ids, placements } = await loader.batch('train', step);
      expect(images.shape.slice(2)).toEqual(loader.sizes[loader.bucket('train', step)]);
      expect(loader.identify('train', step)).toEqual(ids);
      // Images of 24 x 36 fill a canvas of 32 x 48.
      for (const placement of placements) expect([placement!.height, placement!.width]).toEqual(images.shape.slice(2));
      shapes.add(images.shape.join());
    }
    expect(shapes.size).toBe(2);
    expect(() => createLoader({ ...base, size: new Array(5).fill([32, 32]), splits: { train: { dataset } } })).toThrow(
      /5 sizes.*1 to 4/,
    );
  });

  test('with more objects than places is an error, or loses the smallest', async () => {
    const dataset = await photos();
    const splits = { train: { dataset, indices: [4], shuffle: false } };
    const strict = open({ ...base, batchSize: 1, splits, maxObjects: 3 });
    await expect(strict.batch('train', 0)).rejects.toMatchObject({ code: 'feed' });
    await expect(strict.batch('train', 0)).rejects.toThrow(/photo 4, .*4\.png.*4 objects.*3 \(maxObjects/);
    const [record] = [dataset.records[4]!];
    const sized = [9, 3, 7, 5].map((side, k) => object(k % 2, 1, 1, 1 + side, 1 + side));
    const lenient = open({
      ...base,
      batchSize: 1,
      maxObjects: 3,
      onTooMany: 'drop',
      splits: { train: { dataset: { ...dataset, records: [{ ...record, objects: sized }] } } },
    });
    const { labels, counts, boxes } = await lenient.batch('train', 0);
    expect([...counts.data, ...labels.data]).toEqual([3, 0, 0, 1]);
    const widths = [0, 1, 2].map((i) => boxes.data[i * 4 + 2]! - boxes.data[i * 4]!);
    expect(widths.map((width) => Math.round((width * 36) / 32))).toEqual([9, 7, 5]);
  });
});

describe('with workers', () => {
  const steps = [0, 1, 2, 3, 4, 5];
  const optionsFor = (dataset: Dataset) => {
    const [weights, architecture] = divideIndices(10, 0.5, 3);
    const splits = {
      weights: { dataset, indices: weights, augment },
      architecture: { dataset, indices: architecture, augment },
    };
    return { ...base, splits, seed: 5 };
  };

  test('batches have the same bits, in any order, with and without cache and prefetching', async () => {
    const options = optionsFor(await photos());
    const plain = open(options);
    const reference: string[][] = [];
    for (const step of steps) reference.push(bytesOf(await plain.batch('weights', step)));
    expect(new Set(reference.map(([images]) => images)).size).toBe(steps.length);
    for (const more of [{ cache: true }, { workers: 2 }, { workers: 1, cache: true, prefetch: 1 }]) {
      const loader = open({ ...options, ...more });
      // Again from the beginning: the second time from the cache.
      for (const step of [0, 1, 2, 3, 4, 5, 0, 4, 2]) {
        expect(bytesOf(await loader.batch('weights', step))).toEqual(reference[step]);
      }
      const all = await Promise.all(steps.map((step) => loader.batch('weights', step)));
      expect(all.map(bytesOf)).toEqual(reference);
      await loader.close();
    }
  });

  test('splits of disjoint positions have no common image', async () => {
    const loader = open(optionsFor(await photos()));
    const seen = (split: string) => new Set(steps.flatMap((step) => loader.identify(split, step)));
    const [a, b] = [seen('weights'), seen('architecture')];
    expect([a.size, b.size]).toEqual([5, 5]);
    expect([...a].filter((id) => b.has(id))).toEqual([]);
  });

  test('errors name the image, and later batches still come', async () => {
    const dataset = await photos();
    const [first, ...others] = dataset.records;
    const directory = await temporaryDirectory({ 'cut.png': (await noisePng(24, 36)).subarray(0, 200) });
    const with1 = (file: string) => ({
      ...dataset,
      records: [{ ...first!, source: { file: join(directory, file) } }, ...others],
    });
    for (const [file, expected] of [
      ['cut.png', { name: 'NatsError', code: 'malformed' }],
      ['missing.png', { code: 'ENOENT', path: join(directory, 'missing.png') }],
    ] as const) {
      for (const workers of [0, 1]) {
        const split = { dataset: with1(file), shuffle: false };
        const loader = open({ ...base, batchSize: 2, workers, splits: { train: split } });
        await expect(loader.batch('train', 0)).rejects.toMatchObject(expected);
        await expect(loader.batch('train', 0)).rejects.toThrow(file);
        expect((await loader.batch('train', 1)).ids).toEqual(['photo 2', 'photo 3']);
        await loader.close();
      }
    }
  });

  test('a closed loader gives no batches, and those under way are rejected', async () => {
    const loader = open({ ...optionsFor(await photos()), workers: 1 });
    const pending = loader.batch('weights', 0);
    const rejected = expect(pending).rejects.toMatchObject({ code: 'disposed' });
    await loader.close();
    await rejected;
    await expect(loader.batch('weights', 1)).rejects.toThrow(/until it is closed/);
    await loader.close();
  });
});

describe('images from functions', () => {
  const record = (i: number, load = () => noiseImage(1, 16, 16, i)) => ({
    id: `made ${i}`,
    source: { load },
    width: 16,
    height: 16,
    objects: [object(0, 1, 1, 9, 9)],
  });
  const datasetOf = (...records: ReturnType<typeof record>[]): Dataset => ({
    name: 'made',
    classes: ['x'],
    problems: [],
    records,
  });

  test('are made once with a cache, and look the same to workers', async () => {
    let made = 0;
    const load = () => {
      made++;
      return noiseImage(1, 16, 16);
    };
    const splits = {
      train: { dataset: datasetOf(record(0, load), record(1)), augment: { flip: 0.5, scale: [0.5, 2] as const } },
    };
    const options = { ...base, batchSize: 2, size: [16, 16] as const, channels: 1 as const, splits };
    const plain = open(options);
    const pooled = open({ ...options, workers: 1, cache: true, prefetch: 0 });
    for (const step of [0, 1, 2]) {
      expect(bytesOf(await pooled.batch('train', step))).toEqual(bytesOf(await plain.batch('train', step)));
    }
    expect(made).toBe(4);
  });

  test('that fail are named', async () => {
    const load = () => {
      throw new Error('no ink');
    };
    const loader = open({ ...base, batchSize: 1, splits: { train: { dataset: datasetOf(record(7, load)) } } });
    await expect(loader.batch('train', 0)).rejects.toThrow(/made 7.*received Error: no ink.*can be loaded/);
  });
});

describe('options', () => {
  const dataset: Dataset = { name: 'none', classes: [], problems: [], records: [] };
  const one = { ...dataset, records: [{ id: 'a', source: { file: 'a' }, width: 1, height: 1, objects: [] }] };

  test.each<[string, Partial<LoaderOptions>, RegExp]>([
    ['an empty split', { splits: { train: { dataset } } }, /train.*at least one image/],
    ['a position outside', { splits: { train: { dataset: one, indices: [1] } } }, /positions 0 to 0/],
    ['no size', { size: [] as unknown as [number, number] }, /0 sizes/],
    ['half a pixel', { size: [10.5, 10] }, /received size 10\.5.*whole numbers/],
    ['a batch of nothing', { batchSize: 0 }, /batchSize 0.*at least 1/],
    ['no place', { maxObjects: 0 }, /maxObjects 0/],
    ['negative workers', { workers: -1 }, /workers -1/],
    [
      'statistics of other channels',
      { channels: 1, statistics: { mean: [0, 0, 0], deviation: [1, 1, 1] } },
      /1 channels/,
    ],
  ])('with %s are refused', (_, options, message) => {
    expect(() => createLoader({ ...base, splits: { train: { dataset: one } }, ...options })).toThrow(message);
  });

  test('unknown splits are named', async () => {
    const loader = open({ ...base, splits: { train: { dataset: one } } });
    await expect(loader.batch('test', 0)).rejects.toThrow(/received 'test'.*train/);
    expect(() => loader.identify('toString', 0)).toThrow(/received 'toString'/);
  });
});
