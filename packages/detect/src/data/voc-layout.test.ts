import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { noisePng } from '../../test/images.js';
import { readVoc } from './read-voc.js';

const png = await noisePng(30, 40);
const xml = (name = 'cat', file = 'a.png', size = '<size><width>40</width><height>30</height></size>') =>
  `<annotation><filename>${file}</filename>${size}<object><name>${name}</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>12</ymax></bndbox></object></annotation>`;
const set = { 'JPEGImages/a.png': png, 'Annotations/a.xml': xml(), 'ImageSets/Main/train.txt': 'a' };
const below = (folder: string, files: Record<string, string | Uint8Array>) =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));

describe('folders of other formats say what they are', () => {
  test.each<[string, Record<string, string | Uint8Array>, RegExp]>([
    [
      "YOLO's",
      { 'images/a.png': png, 'labels/a.txt': '0 0.5 0.5 1 1', 'data.yaml': 'names: [a]' },
      /YOLO, which data\.format 'yolo'/,
    ],
    ["COCO's", { 'train/a.png': png, 'train/_annotations.coco.json': '{}' }, /data\.format 'coco'/],
    ['an archive', { 'VOCtrainval.zip': '' }, /unpack its archive/],
    [
      'images alone',
      { 'images/a.png': png },
      /it has images, but a Pascal VOC folder has Annotations.*beside the images$/,
    ],
  ])('%s', async (_, files, message) => {
    await expect(readVoc(await temporaryDirectory(files))).rejects.toThrow(message);
  });
});

describe('layouts of tools', () => {
  test.each<[string, Record<string, string | Uint8Array>, string]>([
    ['LabelImg, all in one folder', { 'a.png': png, 'a.xml': xml() }, 'a.png'],
    [
      "Roboflow's folders of splits",
      { 'train/a.png': png, 'train/a.xml': xml(), 'valid/b.png': png, 'valid/b.xml': xml() },
      'train/a.png',
    ],
    ['VOCdevkit with one year', below('VOC2012', set), 'VOC2012/JPEGImages/a.png'],
    [
      'subsets of CVAT and Datumaro',
      {
        'JPEGImages/x/a.png': png,
        'JPEGImages/y/a.png': png,
        'Annotations/x/a.xml': xml(),
        'Annotations/y/a.xml': xml(),
        'ImageSets/Main/train.txt': 'x/a\n',
      },
      'JPEGImages/x/a.png',
    ],
    [
      'a list in ImageSets itself',
      { 'JPEGImages/a.png': png, 'Annotations/a.xml': xml(), 'Annotations/b.xml': xml(), 'ImageSets/train.txt': 'a' },
      'JPEGImages/a.png',
    ],
    [
      'names in another case',
      { 'JPEGImages/A.png': png, 'Annotations/A.xml': xml(), 'ImageSets/Main/train.txt': 'a' },
      'JPEGImages/A.png',
    ],
    [
      'an encoding that .NET declares and does not write',
      { ...set, 'Annotations/a.xml': `<?xml version="1.0" encoding="utf-16"?>${xml()}` },
      'JPEGImages/a.png',
    ],
    [
      'a width of 0',
      { ...set, 'Annotations/a.xml': xml('cat', 'a.png', '<size><width>0</width><height>30</height></size>') },
      'JPEGImages/a.png',
    ],
  ])('%s', async (_, files, image) => {
    const directory = await temporaryDirectory(files);
    const { records } = await readVoc(directory, { split: 'train' });
    expect(records).toMatchObject([
      { source: { file: join(directory, image) }, width: 40, objects: [{ box: [1, 2, 11, 12], label: 0 }] },
    ]);
  });

  test('classes are those of all splits, and the valid of Roboflow is val', async () => {
    const directory = await temporaryDirectory({
      'train/a.png': png,
      'train/a.xml': xml('dog'),
      'valid/b.png': png,
      'valid/b.xml': xml('cat', 'b.png'),
    });
    const { classes, records } = await readVoc(directory, { split: 'val' });
    expect(classes).toEqual(['cat', 'dog']);
    expect(records.map(({ id }) => id)).toEqual(['valid/b']);
    await expect(readVoc(directory, { split: 'test' })).rejects.toThrow(/received 'test'.*there are train, valid/);
  });

  test('several years are told', async () => {
    const directory = await temporaryDirectory({ ...below('VOC2007', set), ...below('VOC2012', set) });
    await expect(readVoc(directory, { split: 'train' })).rejects.toThrow(/several: VOC2007, VOC2012.*name one/);
  });
});

test('bytes of another encoding than the declared one are a problem of one image', async () => {
  const text = `<?xml version="1.0" encoding="utf-8"?>${xml('ch\u00eane')}`;
  const directory = await temporaryDirectory({
    ...set,
    'Annotations/b.xml': Buffer.from(text, 'latin1'),
    'ImageSets/Main/train.txt': 'a\nb',
  });
  await expect(readVoc(directory, { split: 'train' })).rejects.toThrow(/b\.xml: received bytes that are not utf-8/);
  const { records } = await readVoc(directory, { split: 'train', onProblem: 'drop' });
  expect(records.map(({ id }) => id)).toEqual(['a']);
});
