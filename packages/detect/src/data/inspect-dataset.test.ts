import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { noiseImage, noisePng } from '../../test/images.js';
import type { Dataset, DatasetObject } from './dataset.js';
import { inspectDataset } from './inspect-dataset.js';
import { isError } from './problems.js';
import { parseCoco } from './read-coco.js';
import { readVoc } from './read-voc.js';

const source = { load: () => noiseImage(3, 100, 200) };
const object = (x1: number, y1: number, x2: number, y2: number, label = 0): DatasetObject => ({
  box: [x1, y1, x2, y2],
  label,
});

function datasetOf(...objects: DatasetObject[][]): Dataset {
  const records = objects.map((own, i) => ({ id: `${i}`, source, width: 200, height: 100, objects: own }));
  return { name: 'set', classes: ['cat', 'dog'], records, problems: [] };
}

describe('an inspected dataset', () => {
  test('tells classes, sizes and shapes', async () => {
    const crowd = { ...object(0, 0, 200, 100, 1), crowd: true };
    const report = await inspectDataset(datasetOf([object(0, 0, 32, 32), object(0, 0, 20, 80)], [], [crowd]));
    expect(report).toMatchObject({
      name: 'set',
      images: 3,
      objects: 3,
      crowds: 1,
      imagesWithoutObjects: 1,
      mostObjects: 2,
      problems: [],
      classes: [
        { name: 'cat', objects: 2, images: 1 },
        { name: 'dog', objects: 1, images: 1 },
      ],
      sizes: { small: 1, medium: 1, large: 1 },
      boxWidth: { min: 20, median: 32, max: 200 },
      boxHeight: { min: 32, median: 80, max: 100 },
      aspectRatio: { min: 0.5, median: 1, max: 4 },
      imageWidth: { min: 200, p5: 200, p95: 200, max: 200 },
    });
    expect(report.anchors!.fitted.anchors).toEqual([
      [32, 32],
      [20, 80],
    ]);
    const small = await inspectDataset(datasetOf([object(0, 0, 40, 20)]), { canvas: [50, 100], images: 'none' });
    expect(small.anchors!.fitted.anchors).toEqual([[20, 10]]);
  });

  test('without objects has no shapes, without images no sizes', async () => {
    const empty = await inspectDataset(datasetOf([], []));
    expect([empty.objects, empty.imagesWithoutObjects, empty.boxWidth, empty.anchors]).toEqual([
      0,
      2,
      undefined,
      undefined,
    ]);
    const nothing = await inspectDataset(datasetOf());
    expect([nothing.images, nothing.imageWidth, nothing.mostObjects]).toEqual([0, undefined, 0]);
    expect(nothing.problems).toMatchObject([{ rule: 'a dataset has images' }]);
  });

  test('with boxes in shares of the image is told', async () => {
    const { problems } = await inspectDataset(datasetOf([object(0.1, 0.1, 0.5, 1)]), { images: 'none' });
    expect(problems).toMatchObject([{ kind: 'box', severity: 'warning', received: '[0.1, 0.1, 0.5, 1]' }]);
  });

  test('lists what is wrong with records that no reader checked', async () => {
    const dataset = datasetOf([object(5, 5, 5, 9), object(0, 0, 9, 9, 2), object(150, 0, 300, 50)]);
    const twice = { ...dataset, records: [...dataset.records, { ...dataset.records[0]!, objects: [] }] };
    const { problems } = await inspectDataset(twice, { images: 'none' });
    expect(problems.map(({ kind, field, image, remedy }) => [kind, field, image, remedy])).toEqual([
      ['box', 'objects[0].box', '0', 'none'],
      ['reference', 'objects[1].label', '0', 'none'],
      ['outside', 'objects[2].box', '0', 'none'],
      ['duplicate', 'id', '0', 'none'],
    ]);
  });

  test('lists what the reader left out, and images that are missing, broken or of another size', async () => {
    const good = await noisePng(8, 10);
    const names = ['good', 'cut', 'empty', 'missing', 'large', 'turned'];
    const directory = await temporaryDirectory({
      'good.png': good,
      'cut.png': good.subarray(0, 150),
      'empty.png': '',
      'large.png': await noisePng(9, 10),
      'turned.png': await sharp(good).withMetadata({ orientation: 8 }).png().toBuffer(),
    });
    const value = {
      categories: [{ id: 1, name: 'cat' }],
      images: names.map((name, id) => ({ id, file_name: `${name}.png`, width: 10, height: 8 })),
      annotations: [{ id: 1, image_id: 0, category_id: 2, bbox: [0, 0, 1, 1] }],
    };
    const dataset = parseCoco(value, 'x.json', { images: directory, onProblem: 'drop' });
    const list = async (images: 'decode' | 'header') =>
      (await inspectDataset(dataset, { images })).problems.map(({ kind, file, field }) => [kind, file, field]);
    const image = (name: string) => ['image', join(directory, `${name}.png`), ''];
    const reader = ['reference', 'x.json', 'annotations[0].category_id'];
    expect(await list('decode')).toEqual([reader, ...['cut', 'empty', 'missing', 'large', 'turned'].map(image)]);
    // The header of the cut one is whole.
    expect(await list('header')).toEqual([reader, ...['empty', 'missing', 'large', 'turned'].map(image)]);
    const asStored = await inspectDataset(dataset, { decode: { orientation: 'ignore' } });
    expect(asStored.problems.map(({ image: id }) => id)).toEqual([undefined, '1', '2', '3', '4']);
  });
});

const shared = process.env.NATS_SHARED;
const bccd = shared ? join(shared, 'data/bccd') : undefined;

describe.skipIf(!bccd)('BCCD (skipped without NATS_SHARED)', () => {
  test('has 292 images and two boxes without area, which are refused or left out', async () => {
    await expect(readVoc(bccd!)).rejects.toThrow(
      /BloodImage_00338\.xml, object\[\d+\]\.bndbox: received .*x1 < x2.*1 more problem;/,
    );
    const dataset = await readVoc(bccd!, { onProblem: 'drop' });
    const report = await inspectDataset(dataset, { images: 'header', canvas: [240, 320] });
    expect(report.problems.filter(isError).map(({ kind, image, received }) => [kind, image, received])).toEqual([
      ['box', 'BloodImage_00338', '[504, 337, 504, 337] in 640 x 480'],
      ['box', 'BloodImage_00343', '[181, 329, 181, 329] in 640 x 480'],
    ]);
    expect([report.images, dataset.classes]).toEqual([292, ['Platelets', 'RBC', 'WBC']]);
    expect(report.anchors!.fitted.meanIou).toBeGreaterThan(0.75);
    const train = await readVoc(bccd!, { split: 'train', onProblem: 'drop' });
    const val = await readVoc(bccd!, { split: 'val', onProblem: 'drop' });
    expect([train.records.length, val.records.length]).toEqual([205, 87]);
  });
});
