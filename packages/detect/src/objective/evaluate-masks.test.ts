import { join } from 'node:path';
import { type Program, referenceEngine } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { constantDetector } from '../../test/constant-detector.js';
import { noiseImage } from '../../test/images.js';
import type { Box } from '../data/box.js';
import type { Dataset, DatasetObject } from '../data/dataset.js';
import { boxesInImage, letterbox } from '../data/placement.js';
import { evaluateFiles } from '../evaluation/evaluate-files.js';
import { summarize } from '../evaluation/summarize.js';
import type { CocoSegmentation } from '../masks/coco-mask.js';
import { decodeMask } from '../masks/rle-mask.js';
import { cocoMask, segmentationMask } from '../masks/segmentation.js';
import { evaluateDetector, namedMetrics } from './evaluate-detector.js';

const SIZE = [32, 48] as const;
/** In pixels of the canvas. */
const BOXES: readonly [Box, Box] = [
  [1, 1, 9, 9],
  [10, 2, 18, 10],
];
const SIDE = 8;

/** What both objects look like inside their boxes. */
const pixelsOf = (mask: (row: number, column: number) => number) =>
  Array.from({ length: SIDE * SIDE }, (_, i) => mask(Math.floor(i / SIDE), i % SIDE));

/** Twice and four times as large as its place on the canvas, as large, and with padding below and at the right. */
const SHAPES = [
  [64, 96],
  [128, 192],
  [32, 48],
  [40, 120],
  [64, 40],
] as const;

type Shape = (box: Box) => readonly (readonly number[])[];
const whole: Shape = ([x1, y1, x2, y2]) => [[x1, y1, x2, y1, x2, y2, x1, y2]];
const left: Shape = ([x1, y1, x2, y2]) => whole([x1, y1, (x1 + x2) / 2, y2]);
/** Two polygons. */
const corners: Shape = ([x1, y1, x2, y2]) => [
  ...whole([x1, y1, (x1 + x2) / 2, (y1 + y2) / 2]),
  ...whole([(x1 + x2) / 2, (y1 + y2) / 2, x2, y2]),
];

function images(shape: Shape, change: (object: DatasetObject, image: number) => DatasetObject = (o) => o): Dataset {
  return {
    name: 'images',
    classes: ['cat', 'dog'],
    problems: [],
    records: SHAPES.map(([height, width], i) => ({
      id: `image ${i}`,
      source: { load: () => noiseImage(3, height, width, i) },
      width,
      height,
      objects: BOXES.map((box, label) => {
        const own = [...boxesInImage(box, letterbox({ width, height }, SIZE))] as unknown as Box;
        const polygons = shape(own);
        const segmentation: CocoSegmentation =
          i % 2 === 0 ? polygons : cocoMask(segmentationMask(polygons, { height, width }));
        return change({ box: own, label, segmentation }, i);
      }),
    })),
  };
}

async function evaluateOn(dataset: Dataset, mask: (row: number, column: number) => number) {
  const engine = referenceEngine();
  const state = await engine.createState(new Map(), new Map());
  const compile = (_: string, build: () => Program) => engine.compile(build());
  return evaluateDetector(
    { detector: constantDetector(SIZE, BOXES, pixelsOf(mask)), dataset, batch: 2, loading: { workers: 0 } },
    { engine, state, split: 'val', compile },
  );
}

const full = () => 1;
const leftHalf = (_: number, column: number) => (column < SIDE / 2 ? 1 : 0);

describe('boxes and masks are evaluated apart', () => {
  // Pasted masks are up to a pixel larger than their boxes, as torchvision's: of 8 pixels that is an overlap of 0.8.
  test('masks as large as their boxes', async () => {
    const both = await evaluateOn(images(whole), full);
    expect(namedMetrics(both)).toMatchObject({ AP: 1, AR1: 1, 'segm/AP50': 1, 'segm/AP75': 1 });
    expect(Object.keys(namedMetrics(both))).toHaveLength(24);
  });

  test('boxes that are right do not help masks that are not', async () => {
    const { summary, segm } = await evaluateOn(images(left), (_, column) => (column < SIDE / 2 ? 0 : 1));
    expect([summary.named.AP, segm!.summary.named.AP, segm!.summary.named.AP50]).toEqual([1, 0, 0]);
  });

  test('a mask of two thirds of an object is found up to that overlap', async () => {
    // 6 of 8 columns of each object, on the canvas and enlarged: an overlap of 0.75.
    const { segm } = await evaluateOn(images(whole), (_, column) => (column < 6 ? 1 : 0));
    expect(segm!.summary.perIou.slice(0, 5)).toEqual([1, 1, 1, 1, 1]);
    expect(segm!.summary.perIou.slice(7)).toEqual([0, 0, 0]);
  });

  test('several polygons, runs', async () => {
    const half = SIDE / 2;
    const { segm } = await evaluateOn(images(corners), (row, column) => (row < half === column < half ? 1 : 0));
    expect(segm!.summary.named.AP50).toBe(1);
  });
});

test('masks are in pixels of the original images, and written as COCO does', async () => {
  const both = await evaluateOn(images(left), leftHalf);
  const { detections, segm, groundTruth } = both;
  expect(detections.map(({ masks }) => masks!.map(({ height, width }) => [height, width]))).toEqual(
    SHAPES.map((shape) => [shape, shape]),
  );
  // The first image is twice as large as its canvas.
  const pixels = decodeMask(detections[0]!.masks![0]!);
  const row = [...pixels.subarray(10 * 96, 10 * 96 + 20)].join('');
  expect(row).toMatch(/^001111111[01]{0,2}0{9,11}$/);
  expect(segm!.results).toHaveLength(10);
  expect(Object.keys(segm!.results[0]!).sort()).toEqual(['category_id', 'image_id', 'score', 'segmentation']);

  const directory = await temporaryDirectory({
    'annotations.json': JSON.stringify(groundTruth),
    'boxes.json': JSON.stringify(both.results),
    'masks.json': JSON.stringify(segm!.results),
  });
  const evaluated = async (results: string, iouType: 'bbox' | 'segm') =>
    summarize(await evaluateFiles(join(directory, 'annotations.json'), join(directory, results), { iouType })).stats;
  expect(await evaluated('masks.json', 'segm')).toEqual(segm!.summary.stats);
  expect(await evaluated('boxes.json', 'bbox')).toEqual(both.summary.stats);
});

test('crowds need no mask, and count neither way with or without one', async () => {
  for (const masks of [true, false]) {
    const dataset = images(whole, ({ segmentation, ...object }, i) =>
      object.label === 1 && i > 0
        ? { ...object, crowd: true, ...(masks && segmentation && { segmentation }) }
        : { ...object, ...(segmentation && { segmentation }) },
    );
    const { segm, summary, groundTruth } = await evaluateOn(dataset, full);
    expect([summary.named.AP, segm!.summary.named.AP50]).toEqual([1, 1]);
    expect(groundTruth.annotations.filter(({ iscrowd, segmentation }) => iscrowd && segmentation)).toHaveLength(4);
  }
});

test('images without objects, and none at all', async () => {
  const some = images(whole);
  const { segm } = await evaluateOn(
    { ...some, records: some.records.map((r, i) => (i < 2 ? { ...r, objects: [] } : r)) },
    full,
  );
  expect(segm!.summary.named.AP50).toBeLessThan(1);
  const none = await evaluateOn({ ...some, records: some.records.map((r) => ({ ...r, objects: [] })) }, full);
  expect([none.summary.named.AP, none.segm!.summary.named.AP]).toEqual([-1, -1]);
});

test('a dataset without masks is refused by the name of an image', async () => {
  const bare = images(whole, ({ segmentation, ...object }, i) => ({
    ...object,
    ...(i !== 3 && segmentation && { segmentation }),
  }));
  await expect(evaluateOn(bare, full)).rejects.toThrow(
    /images.*none of object 0 of image image 3.*needs one \(a segmentation\) of every object/,
  );
});
