import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { noisePng } from '../../test/images.js';
import { isError } from './problems.js';
import { readYolo } from './read-yolo.js';
import { yoloSplits } from './yolo-layout.js';

const png = await noisePng(20, 40);

describe('YOLO folders', () => {
  test('become records: boxes in pixels, polygons kept, images without a file of labels have no objects', async () => {
    const directory = await temporaryDirectory({
      'data.yaml': 'train: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n',
      'images/train/a.png': png,
      'images/train/deep/b.png': png,
      'images/train/notes.md': 'no image',
      'labels/train/a.txt': '1 0.5 0.5 0.5 0.5\n\n0 0.25 0.1 0.5 0.1 0.5 0.6\n',
    });
    expect(await readYolo(directory, { split: 'train', name: 'pets' })).toEqual({
      name: 'pets',
      classes: ['cat', 'dog'],
      unlabeled: 1,
      problems: [
        {
          kind: 'labels',
          file: join(directory, 'labels/train/deep/b.txt'),
          field: '',
          rule: expect.stringContaining('has no objects'),
          received: expect.stringContaining('for 1 of 2 images'),
          remedy: 'none',
          severity: 'warning',
        },
      ],
      records: [
        {
          id: 'a',
          source: { file: join(directory, 'images/train/a.png') },
          width: 40,
          height: 20,
          objects: [
            { box: [10, 5, 30, 15], label: 1 },
            { box: [10, 2, 20, 12], label: 0, segmentation: [[10, 2, 20, 2, 20, 12]] },
          ],
        },
        { id: 'b', source: { file: join(directory, 'images/train/deep/b.png') }, width: 40, height: 20, objects: [] },
      ],
    });
  });

  test('may be lists of files, several folders, with a path, and a list of names', async () => {
    const directory = await temporaryDirectory({
      'set.yaml': "path: files\ntrain: list.txt\nval: ['x/images', 'y/images']\nnames: [cat, 5]\n",
      'files/list.txt': './x/images/a.png\n\n',
      'files/x/images/a.png': png,
      'files/x/labels/a.txt': '1 0.5 0.5 1 1',
      'files/y/images/a.png': png,
    });
    const train = await readYolo(join(directory, 'set.yaml'), { split: 'train' });
    expect(train.classes).toEqual(['cat', '5']);
    expect(train.records.map(({ id, objects }) => [id, objects.length])).toEqual([['a', 1]]);
    const val = await readYolo(join(directory, 'set.yaml'), { split: 'val' });
    expect(val.records.map(({ id }) => id)).toEqual(['a', join(directory, 'files/y/images/a.png')]);
  });

  const withLabels = (labels: string) =>
    temporaryDirectory({
      'data.yaml': 'train: images\nnames: [cat]',
      'images/a.png': png,
      'labels/a.txt': `0 0.5 0.5 0.2 0.2\n${labels}\n`,
    });

  test.each([
    ['an unknown class', '1 0.5 0.5 0.2 0.2', 'reference'],
    ['a broken class', '0.5 0.5 0.5 0.2 0.2', 'reference'],
    ['too few numbers', '0 0.5 0.5 0.2', 'field'],
    ['words', '0 0.5 x 0.2 0.2', 'field'],
    ['an odd polygon', '0 0.1 0.1 0.2 0.2 0.3', 'field'],
    ['a box without area', '0 0.5 0.5 0 0.2', 'box'],
    ['a box outside', '0 2 2 0.2 0.2', 'box'],
  ])('a line with %s is an error, or left out and listed', async (_, line, kind) => {
    const directory = await withLabels(line);
    await expect(readYolo(directory, { split: 'train' })).rejects.toThrow(/a\.txt, line 2: received /);
    const { problems, records } = await readYolo(directory, { split: 'train', onProblem: 'drop' });
    expect(problems).toMatchObject([{ kind, field: 'line 2', image: 'a', remedy: 'annotation dropped' }]);
    expect(records[0]!.objects).toHaveLength(1);
  });

  test('images that cannot be opened are an error, or left out and listed', async () => {
    const directory = await temporaryDirectory({
      'data.yaml': 'train: list.txt\nnames: [cat]',
      'list.txt': 'a.png\nmissing.png\nempty.png\nbroken.png',
      'a.png': png,
      'empty.png': '',
      'broken.png': png.subarray(0, 20),
    });
    await expect(readYolo(directory, { split: 'train' })).rejects.toThrow(
      /missing\.png: received no such file, but an image exists/,
    );
    const { problems, records } = await readYolo(directory, { split: 'train', onProblem: 'drop' });
    expect(records.map(({ id }) => id)).toEqual(['a']);
    expect(problems.filter(isError).map(({ image, kind, remedy }) => [image, kind, remedy])).toEqual(
      ['missing', 'empty', 'broken'].map((id) => [id, 'image', 'image dropped']),
    );
  });

  test.each([
    ['that is no YAML', 'a: [', /YAML file is correct/],
    ['without names', 'train: x', /data\.yaml, names: /],
    ['with gaps in its classes', 'train: x\nnames: {0: cat, 2: dog}', /names\.1: received .*numbered 0, 1/],
    ['without the split', 'val: x\nnames: [cat]', /data\.yaml, train: received nothing.*it has val/],
    ['that explodes', `a: &a [x, x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: *a`).join('\n')}`, /alias/i],
  ])('a file %s is refused', async (_, text, message) => {
    await expect(readYolo(await temporaryDirectory({ 'data.yaml': text }), { split: 'train' })).rejects.toThrow(
      message,
    );
  });

  test('a folder that is nowhere is named with file, key and where it was looked for; IO errors pass', async () => {
    const directory = await temporaryDirectory({ 'data.yaml': 'train: nowhere\nnames: [cat]' });
    await expect(readYolo(directory, { split: 'train' })).rejects.toThrow(
      `data.yaml, train: received 'nowhere', of which nothing exists`,
    );
    await expect(readYolo(directory, { split: 'train' })).rejects.toThrow(`in ${directory}`);
    await expect(readYolo(join(directory, 'none'), { split: 'train' })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  const set = {
    'train/images/a.png': png,
    'train/labels/a.txt': '0 0.5 0.5 1 1',
    'valid/images/b.png': png,
    'valid/labels/b.txt': '',
  };
  test.each([
    ['Roboflow', 'train: ../train/images\nval: ../valid/images\nnc: 1\nnames: [cat]'],
    ['a project', 'train: project/train/images\nval: project/valid/images\nnames: [cat]'],
    ['another machine', 'path: /home/me/set\ntrain: train/images\nval: /content/set/valid/images\nnames: [cat]'],
    ['Ultralytics', 'path: ../datasets/set\ntrain: train/images\nval: valid/images\nnames: {0: cat}'],
    ['Windows', '\uFEFFpath: C:\\Users\\me\\set\r\ntrain: train\\images\r\nval: valid\\images\r\nnames: [cat]\r\n'],
    ['valid for val', 'train: train/images\nvalid: valid/images\nnames: [cat]'],
  ])('are found as %s writes their paths', async (_, yaml) => {
    const directory = await temporaryDirectory({ ...set, 'data.yaml': yaml });
    const ids = async (split: string) =>
      (await readYolo(directory, { split })).records.map(({ id, objects }) => [id, objects.length]);
    expect(await ids('train')).toEqual([['a', 1]]);
    expect(await ids('val')).toEqual([['b', 0]]);
    expect(await yoloSplits(directory)).toEqual(['train', 'val']);
  });

  test("are those of CVAT's YOLO 1.1 and of Label Studio, too", async () => {
    const cvat = await temporaryDirectory({
      'obj.names': 'cat\r\ndog\r\n',
      'obj.data': 'classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n',
      'train.txt': 'data/obj_train_data/a.png\n',
      'obj_train_data/a.png': png,
      'obj_train_data/a.txt': '1 0.5 0.5 1 1',
    });
    const studio = await temporaryDirectory({
      'classes.txt': 'cat\ndog\n',
      'images/a.png': png,
      'images/._a.png': 'of a Mac',
      'labels/a.txt': '1 0.5 0.5 1 1',
    });
    for (const directory of [cvat, studio]) {
      const { classes, records, problems } = await readYolo(directory, { split: 'train' });
      expect([classes, records.map(({ id, objects }) => [id, objects[0]!.label]), problems]).toEqual([
        ['cat', 'dog'],
        [['a', 1]],
        [],
      ]);
    }
  });

  test('with another number of classes than names, and paths that climb out, are refused', async () => {
    const files = { 'x/a.png': png, 'set/data.yaml': 'train: list.txt\nnames: [cat]', 'set/list.txt': '../x/a.png\n' };
    const directory = await temporaryDirectory(files);
    const read = (allowOutside: boolean) => readYolo(join(directory, 'set'), { split: 'train', allowOutside });
    await expect(read(false)).rejects.toThrow(/list\.txt, line 1: received '\.\.\/x\/a\.png'.*allowOutside/);
    expect((await read(true)).records).toHaveLength(1);
    const counted = await temporaryDirectory({ ...set, 'data.yaml': 'train: train/images\nnc: 3\nnames: [cat]' });
    await expect(readYolo(counted, { split: 'train' })).rejects.toThrow(
      /data\.yaml, nc: received 3.*that of the names, 1 \(cat\)/,
    );
    await expect(readYolo(`${counted}\0`, { split: 'train' })).rejects.toThrow(/no NUL/);
  });

  test.each(['label/a.txt', 'Labels/a.txt', 'labels/a.TXT', 'labels/a.png.txt'])(
    'whose labels are at %s, where nobody looks, are an error that says so',
    async (place) => {
      const directory = await temporaryDirectory({
        'data.yaml': 'train: images\nnames: [cat]',
        'images/a.png': png,
        [place]: '0 0.5 0.5 1 1',
      });
      await expect(readYolo(directory, { split: 'train' })).rejects.toThrow(place);
    },
  );

  test('rows that are there twice count once, polygons may have any number of points', async () => {
    const points = Array.from({ length: 150_000 }, (_, i) => (i % 7) / 7).flatMap((x) => [x, 1 - x]);
    const directory = await withLabels(`0 0.5 0.5 0.2 0.2\n0 ${points.join(' ')}`);
    const { records, problems } = await readYolo(directory, { split: 'train' });
    expect(records[0]!.objects).toHaveLength(2);
    expect(problems).toMatchObject([{ kind: 'duplicate', field: 'line 2', severity: 'warning' }]);
  });
});
