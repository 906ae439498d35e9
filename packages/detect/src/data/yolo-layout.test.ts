import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { noisePng } from '../../test/images.js';
import { readYolo } from './read-yolo.js';
import { yoloSplits } from './yolo-layout.js';

const png = await noisePng(20, 40);
const line = '1 0.5 0.5 0.5 0.5\n';
const pair = { 'images/train/a.png': png, 'labels/train/a.txt': line };
const yaml = (more: string) => `names: [cat, dog]\n${more}\n`;

/** Reads the split `train` of files, `path` in their folder. */
async function read(files: Record<string, string | Uint8Array>, path = '.') {
  const directory = await temporaryDirectory(files);
  return readYolo(join(directory, path), { split: 'train' });
}

describe('layouts of tools', () => {
  test.each<[string, Record<string, string | Uint8Array>, string?]>([
    ['LabelImg, the list of classes among the labels', { ...pair, 'labels/classes.txt': 'cat\ndog\n' }],
    ['LabelImg, all in one folder', { 'a.png': png, 'a.txt': line, 'classes.txt': 'cat\ndog\n' }],
    ['makesense.ai', { 'images/a.png': png, 'labels/a.txt': line, 'labels.txt': 'cat\ndog\n' }],
    [
      "Roboflow's Darknet, a folder for each split",
      {
        'train/a.png': png,
        'train/a.txt': line,
        'train/_darknet.labels': 'cat\ndog\n',
        'valid/b.png': png,
        'valid/b.txt': line,
      },
    ],
    [
      "CVAT's and Ultralytics' lists",
      { ...pair, 'train.txt': 'data/images/train/a.png', 'data.yaml': yaml('train: train.txt') },
    ],
    ['Supervisely', { ...pair, 'data_config.yaml': yaml('colors: [[1, 2, 3]]\nnc: 2\ntrain: ../app/images/train') }],
    [
      'names in a file of their own',
      { ...pair, 'x.names': 'cat\ndog\n', 'data.yaml': 'names: x.names\ntrain: images/train' },
    ],
    [
      'a path in a folder datasets beside that of the file',
      {
        'datasets/pets/images/train/a.png': png,
        'datasets/pets/labels/train/a.txt': line,
        'configs/pets.yaml': yaml('path: pets\ntrain: images/train'),
      },
      'configs/pets.yaml',
    ],
    [
      'a path to ../datasets, from the code above the file',
      {
        'datasets/pets/images/train/a.png': png,
        'datasets/pets/labels/train/a.txt': line,
        'code/configs/pets.yaml': yaml('path: ../datasets/pets\ntrain: images/train'),
      },
      'code/configs/pets.yaml',
    ],
  ])('%s', async (_, files, path) => {
    const { classes, records, problems } = await read(files, path);
    expect(classes).toEqual(['cat', 'dog']);
    expect(records.map(({ objects }) => objects)).toEqual([[{ box: [10, 5, 30, 15], label: 1 }]]);
    expect(problems).toEqual([]);
  });

  test('the valid of Roboflow is the split val', async () => {
    const directory = await temporaryDirectory({
      'train/a.png': png,
      'valid/b.png': png,
      'train/_darknet.labels': 'cat\n',
    });
    expect(await yoloSplits(directory)).toEqual(['train', 'val']);
    const { records } = await readYolo(directory, { split: 'val' });
    expect(records.map(({ id }) => id)).toEqual(['b']);
  });

  test('images behind symbolic links to folders, also in a circle', async () => {
    const directory = await temporaryDirectory({
      'data.yaml': yaml('train: images'),
      'elsewhere/a.png': png,
      'labels/linked/a.txt': line,
    });
    mkdirSync(join(directory, 'images'));
    symlinkSync('../elsewhere', join(directory, 'images', 'linked'));
    symlinkSync('..', join(directory, 'elsewhere', 'up'));
    const { records } = await readYolo(directory, { split: 'train' });
    expect(records.map(({ source, objects }) => [source, objects.length])).toEqual([
      [{ file: join(directory, 'images/linked/a.png') }, 1],
    ]);
  });
});

describe('lines of labels', () => {
  const labels = (text: string | Uint8Array, more = '') =>
    read({ ...pair, 'labels/train/a.txt': text, 'data.yaml': yaml(`train: images/train\n${more}`) });

  test.each([
    ['of poses, whose keypoints are no polygon', '1 0.5 0.5 0.5 0.5 0.1 0.2 0.3 0.4', 'kpt_shape: [2, 2]'],
    ['of poses with visibilities', '1 0.5 0.5 0.5 0.5 0.1 0.2 2 0.3 0.4 0', 'kpt_shape: [2, 3]'],
    ['that end with carriage returns', '1 0.5 0.5 0.5 0.5\r\r', ''],
    ['as numpy writes them', '1.000e+00 5.000e-01 5.000e-01 5.000e-01 5.000e-01', ''],
  ])('%s', async (_, text, more) => {
    const { records } = await labels(text, more);
    expect(records[0]!.objects).toEqual([{ box: [10, 5, 30, 15], label: 1 }]);
  });

  test.each([
    ['pixels', '1 20 10 20 10', /coordinates are shares .* not pixels/],
    ['commas', '1,0.5,0.5,0.5,0.5', /numbers with spaces between them/],
    ['a name of a class', 'dog 0.5 0.5 0.5 0.5', /numbers with spaces between them/],
    ['keypoints of another number', '1 0.5 0.5 0.5 0.5 0.1 0.2', /by kpt_shape, 4 numbers/],
  ])('with %s are refused', async (_, text, message) => {
    await expect(labels(text, 'kpt_shape: [2, 2]')).rejects.toThrow(message);
  });
});

describe('refused, with file, key and a way out', () => {
  test.each<[string, Record<string, string | Uint8Array>, RegExp]>([
    ['no names', { 'data.yaml': 'nc: 2\ntrain: images/train' }, /data\.yaml, names: received nothing.*list of names/],
    ['names as one text', { 'data.yaml': 'names: cat, dog\ntrain: images/train' }, /names: received "cat, dog".*list/],
    ['equal names', { 'data.yaml': 'names: [cat, cat]\ntrain: images/train' }, /names: received "cat".*different/],
    ['no list of classes', {}, /received only images, labels.*classes\.txt, with a name a line/],
    [
      'a split without images',
      { 'none/x.md': '', 'data.yaml': yaml('train: none') },
      /data\.yaml, train: .*has images/,
    ],
    [
      'letters of another encoding',
      { 'data.yaml': Buffer.from('names: [ch\xeane]\ntrain: images/train\n', 'latin1') },
      /data\.yaml: received bytes that are not utf-8.*save it as UTF-8/,
    ],
    [
      'an image of a format that is not read',
      { 'images/train/b.heic': 'ftypheic', 'data.yaml': yaml('train: images/train') },
      /b\.heic: .*can be decoded/,
    ],
  ])('%s', async (_, files, message) => {
    await expect(read({ ...pair, ...files })).rejects.toThrow(message);
  });

  test('Images and Labels in capitals are told, with the place', async () => {
    const files = { 'Images/a.png': png, 'Labels/a.txt': line, 'data.yaml': yaml('train: Images') };
    await expect(read(files)).rejects.toThrow(/move or rename .*Labels.a\.txt, where nobody looks/);
  });
});

describe('files of other formats say what they are', () => {
  const labels = (text: string) => ({ ...pair, 'labels/train/a.txt': text, 'data.yaml': yaml('train: images/train') });
  test.each<[string, Record<string, string | Uint8Array>, string, RegExp]>([
    ['COCO', { 'x.json': '{"images": []}' }, 'x.json', /JSON without names.*data\.format 'coco'/],
    ['Ultralytics NDJSON', { 'x.ndjson': '{"type": "dataset"}\n' }, 'x.ndjson', /JSON without names/],
    ['a web page', { 'data.yaml': '<!DOCTYPE html><p>' }, '.', /a web page \(HTML\)/],
    ['a folder of VOC', { 'Annotations/a.xml': '<annotation/>' }, '.', /Pascal VOC.*data\.format 'voc'/],
    ['a folder of COCO', { 'train/_annotations.coco.json': '{}' }, '.', /data\.format 'coco'/],
    ['TFRecords', { 'train/x.tfrecord': 'x' }, '.', /TFRecords are not read/],
    ['a table', { 'train/_annotations.csv': 'x' }, '.', /tables \(\.csv\) are not read/],
    ['a list of images', { ...pair, 'train.txt': './images/train/a.png\n' }, 'train.txt', /an image.*data\.path/],
    ['a pattern', { ...pair, 'data.yaml': yaml('train: images/train/*.png') }, '.', /not expanded; name the folder/],
    [
      'gaps in names',
      { ...pair, 'data.yaml': 'names: {0: cat, 2: dog}\ntrain: images' },
      '.',
      /names\.1: .*give 1 a name/,
    ],
    [
      'LabelMe',
      { 'images/a.png': png, 'images/a.json': '{}', 'data.yaml': yaml('train: images') },
      '.',
      /LabelMe's JSON/,
    ],
    ['KITTI', labels(`Car 0.00 0 -1.57 5 2 30 12 1.5 1.6 3.9 1 1.5 8.4 -1.5`), '.', /a row of KITTI/],
    ['DOTA', labels('10 1 30 1 30 12 10 12 cat 0'), '.', /a row of DOTA/],
    ['names in labels', labels('cat 0.5 0.5 0.1 0.1'), '.', /the class is its number/],
    ['commas between', labels('1,0.5,0.5,0.1,0.1'), '.', /in place of its separators/],
    ['decimal commas', labels('1 0,5 0,5 0,1 0,1'), '.', /decimal points/],
    ['predictions', labels('1 0.5 0.5 0.1 0.1 0.93'), '.', /score of a prediction/],
    [
      'a Git LFS pointer as labels, by its own name',
      labels('version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12\n'),
      '.',
      /labels\/train\/a\.txt: received a Git LFS pointer/,
    ],
  ])('%s', async (_, files, path, message) => {
    await expect(read(files, path)).rejects.toThrow(message);
  });
});
