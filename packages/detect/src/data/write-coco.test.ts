import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import { noiseImage } from '../../test/images.js';
import type { Dataset } from './dataset.js';
import { loadRecordImage } from './decode-image.js';
import { loadMnist } from './mnist.js';
import { mnistDetection } from './mnist-detection.js';
import { readCoco } from './read-coco.js';
import { writeCoco } from './write-coco.js';

test('what is written is read back: boxes, classes, masks, pixels', async () => {
  const dataset: Dataset = {
    name: 'two',
    classes: ['cat', 'dog'],
    problems: [],
    records: [
      {
        id: 'first',
        source: { load: () => noiseImage(3, 6, 9) },
        width: 9,
        height: 6,
        objects: [
          { box: [0.5, 1, 4, 5.25], label: 1, crowd: true, segmentation: { size: [6, 9], counts: [0, 10, 44] } },
          { box: [0, 0, 9, 6], label: 0, area: 7 },
        ],
      },
      { id: 'second', source: { load: () => noiseImage(3, 4, 4) }, width: 4, height: 4, objects: [] },
    ],
  };
  const directory = await temporaryDirectory();
  await writeCoco(dataset, directory);
  expect((await readdir(directory)).sort()).toEqual(['images', 'instances.json']);
  expect((await readdir(join(directory, 'images'))).sort()).toEqual(['000001.png', '000002.png']);
  const again = await readCoco(join(directory, 'instances.json'), { images: join(directory, 'images') });
  expect(again.classes).toEqual(dataset.classes);
  expect(again.records.map(({ id, width, height }) => [id, width, height])).toEqual([
    ['1', 9, 6],
    ['2', 4, 4],
  ]);
  expect(again.records[0]!.objects).toEqual([
    { ...dataset.records[0]!.objects[0]!, area: 3.5 * 4.25 },
    dataset.records[0]!.objects[1]!,
  ]);
  expect(again.records[1]!.objects).toEqual([]);
  expect(await loadRecordImage(again.records[0]!)).toEqual(noiseImage(3, 6, 9));
});

test('MNIST-detection can be written, in gray, with masks', async () => {
  const dataset = mnistDetection({ digits: await loadMnist('test'), size: 3, seed: 2, masks: true });
  const directory = await temporaryDirectory();
  await writeCoco(dataset, directory, { channels: 1, annotations: 'digits.json' });
  const again = await readCoco(join(directory, 'digits.json'), { images: join(directory, 'images') });
  expect(again.records.map(({ objects }) => objects)).toEqual(dataset.records.map(({ objects }) => objects));
  expect(again.records[0]!.objects[0]!.segmentation).toMatchObject({ size: [128, 128] });
  const [first, same] = [dataset.records[0]!, again.records[0]!];
  const { pixels } = await loadRecordImage(same, { channels: 1 });
  expect(pixels).toEqual((await loadRecordImage(first, { channels: 1 })).pixels);
});

test('an image that is not as annotated stops the writer, and no annotation file is left', async () => {
  const record = { id: 'bad', source: { load: () => noiseImage(3, 2, 2) }, width: 3, height: 2, objects: [] };
  const directory = await temporaryDirectory();
  const dataset = { name: 'bad', classes: [], problems: [], records: [record] };
  await expect(writeCoco(dataset, directory)).rejects.toThrow(/bad.*2 x 2.*3 x 2/);
  expect(await readdir(directory)).toEqual(['images']);
});
