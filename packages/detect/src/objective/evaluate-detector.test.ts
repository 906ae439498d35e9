import { join } from 'node:path';
import { type Program, referenceEngine } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import { constantDetector } from '../../test/constant-detector.js';
import { noiseImage, noisePng } from '../../test/images.js';
import type { Box } from '../data/box.js';
import type { Dataset, DatasetObject } from '../data/dataset.js';
import { boxesInImage, letterbox } from '../data/placement.js';
import { evaluateFiles } from '../evaluation/evaluate-files.js';
import { summarize } from '../evaluation/summarize.js';
import { evaluateVoc } from '../evaluation/voc.js';
import { type DetectorEvaluation, evaluateDetector } from './evaluate-detector.js';

const SIZE = [32, 48] as const;
/** In pixels of the canvas. */
const FIRST: Box = [1, 1, 7, 9];
const SECOND: Box = [8, 2, 15, 10];

const SHAPES = [
  [64, 96],
  [20, 90],
  [60, 30],
  [32, 48],
  [100, 110],
] as const;

/** Photographs of several shapes in whose letterboxes two objects are always at the same place. */
async function photographs(
  change: (object: DatasetObject, image: number) => DatasetObject = (o) => o,
): Promise<Dataset> {
  const files = await Promise.all(SHAPES.map(async ([h, w], i) => [`${i}.png`, await noisePng(h, w, i)] as const));
  const directory = await temporaryDirectory(Object.fromEntries(files));
  return {
    name: 'photographs',
    classes: ['cat', 'dog'],
    categoryIds: [7, 3],
    problems: [],
    records: SHAPES.map(([height, width], i) => ({
      id: String(10 * i + 5),
      source: { file: join(directory, `${i}.png`) },
      width,
      height,
      objects: [FIRST, SECOND].map((box, label) => {
        const original = boxesInImage(box, letterbox({ width, height }, SIZE));
        return change({ box: [...original] as unknown as Box, label }, i);
      }),
    })),
  };
}

async function evaluatedOn(options: Omit<DetectorEvaluation, 'detector' | 'batch'> & Partial<DetectorEvaluation>) {
  const engine = referenceEngine();
  const state = await engine.createState(new Map(), new Map());
  const compile = (_: string, build: () => Program) => engine.compile(build());
  return evaluateDetector(
    { detector: constantDetector(SIZE, [FIRST, SECOND]), batch: 2, loading: { workers: 0 }, ...options },
    { engine, state, split: 'val', compile },
  );
}

test('detections are evaluated, and written, in pixels of the original images', async () => {
  const dataset = await photographs();
  const { summary, results, groundTruth, detections, imagesPerSecond, waitShare } = await evaluatedOn({
    dataset,
    loading: {},
  });
  expect([summary.named.AP, summary.named.AR1]).toEqual([1, 1]);
  expect(results.map(({ image_id }) => image_id)).toEqual([5, 5, 15, 15, 25, 25, 35, 35, 45, 45]);
  expect(results.slice(0, 2).map(({ category_id, score }) => [category_id, score.toFixed(2)])).toEqual([
    [7, '0.90'],
    [3, '0.60'],
  ]);
  // The first image is twice as large as its canvas, the last one is limited by its height.
  expect(results[0]!.bbox).toEqual([2, 2, 12, 16]);
  expect(detections).toHaveLength(5);
  expect(detections[0]!.boxes[0]).toEqual([2, 2, 14, 18]);
  expect(imagesPerSecond).toBeGreaterThan(0);
  expect(waitShare).toBeGreaterThan(0);
  expect(waitShare).toBeLessThanOrEqual(1);

  const directory = await temporaryDirectory({
    'annotations.json': JSON.stringify(groundTruth),
    'detections.json': JSON.stringify(results),
  });
  const again = await evaluateFiles(join(directory, 'annotations.json'), join(directory, 'detections.json'));
  expect(summarize(again).stats).toEqual(summary.stats);
});

test('crowds count neither way, sizes go by the annotated areas, difficult objects are marked for VOC', async () => {
  const crowds = await evaluatedOn({
    dataset: await photographs((object, i) => (object.label === 1 && i > 0 ? { ...object, crowd: true } : object)),
  });
  expect(crowds.summary.named.AP).toBe(1);
  expect(crowds.groundTruth.annotations.filter(({ iscrowd }) => iscrowd === 1)).toHaveLength(4);

  const large = await evaluatedOn({ dataset: await photographs((object) => ({ ...object, area: 20_000 })) });
  const { APsmall, APmedium, APlarge } = large.summary.named;
  expect([APsmall, APmedium, APlarge]).toEqual([-1, -1, 1]);

  const difficult = await evaluatedOn({
    dataset: await photographs((object, i) =>
      object.label === 1 && i < 4 ? { ...object, difficult: true, box: [0, 0, 2, 2] } : object,
    ),
  });
  const { groundTruth, results } = difficult;
  // Of class 1 one object counts, found after or before four wrong detections of the same score.
  const marked = evaluateVoc(groundTruth, results).perCategory;
  const unmarked = evaluateVoc(
    { ...groundTruth, annotations: groundTruth.annotations.map(({ difficult: _, ...annotation }) => annotation) },
    results,
  ).perCategory;
  expect(marked[1]).toBe(1);
  expect(marked[0]).toBeCloseTo(1 / 5, 12);
  expect(unmarked[0]).toBeCloseTo(1 / 25, 12);
});

test('detections are cut at the border of the image, those in the padding alone are dropped', async () => {
  const dataset = await photographs();
  const { detections } = await evaluatedOn({
    dataset,
    // 20 x 90 fills 11 of 32 rows, 60 x 30 fills 16 of 48 columns.
    detector: constantDetector(SIZE, [
      [0, 0, 48, 32],
      [20, 12, 40, 30],
    ]),
  });
  expect(detections.map(({ boxes }) => boxes.length)).toEqual([2, 1, 1, 2, 2]);
  expect(detections.map(({ boxes }) => boxes[0])).toEqual(SHAPES.map(([height, width]) => [0, 0, width, height]));
});

test('images are asked for batch by batch, as far ahead as the loader prepares', async () => {
  const asked: number[] = [];
  const taken: number[] = [];
  const dataset: Dataset = {
    name: 'counted',
    classes: ['cat', 'dog'],
    problems: [],
    records: Array.from({ length: 7 }, (_, index) => ({
      id: String(index),
      source: {
        load: () => {
          asked.push(index);
          return noiseImage(3, ...SIZE);
        },
      },
      height: SIZE[0],
      width: SIZE[1],
      objects: [{ box: FIRST, label: 0 }],
    })),
  };
  const engine = referenceEngine();
  const state = await engine.createState(new Map(), new Map());
  const compile = async (_: string, build: () => Program) => {
    const executable = await engine.compile(build());
    return {
      ...executable,
      run: (...args: Parameters<typeof executable.run>) => {
        taken.push(asked.length);
        return executable.run(...args);
      },
    };
  };
  const { summary } = await evaluateDetector(
    { detector: constantDetector(SIZE, [FIRST, SECOND]), batch: 2, loading: { workers: 0, prefetch: 0 }, dataset },
    { engine, state, split: 'val', compile },
  );
  // The last batch is filled up with the first image.
  expect(taken).toEqual([2, 4, 6, 8]);
  expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6, 0]);
  expect(summary.perCategory[0]).toBe(1);
});

test('an image that is broken stops the evaluation by name', async () => {
  const dataset = await photographs();
  const directory = await temporaryDirectory({ 'cut.png': (await noisePng(32, 48)).subarray(0, 90) });
  const records = dataset.records.map((record, i) =>
    i === 3 ? { ...record, source: { file: join(directory, 'cut.png') } } : record,
  );
  await expect(evaluatedOn({ dataset: { ...dataset, records } })).rejects.toThrow('cut.png');
});
