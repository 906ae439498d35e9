import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { noisePng } from '../../test/images.js';
import { readYolo } from './read-yolo.js';

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
      problems: [],
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
    await expect(readYolo(directory, { split: 'train' })).rejects.toThrow(/a\.txt, line 2\)/);
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
    await expect(readYolo(directory, { split: 'train' })).rejects.toThrow(/an image exists.*missing\.png/);
    const { problems, records } = await readYolo(directory, { split: 'train', onProblem: 'drop' });
    expect(records.map(({ id }) => id)).toEqual(['a']);
    expect(problems.map(({ image, kind, remedy }) => [image, kind, remedy])).toEqual(
      ['missing', 'empty', 'broken'].map((id) => [id, 'image', 'image dropped']),
    );
  });

  test.each([
    ['that is no YAML', 'a: [', /YAML file is correct/],
    ['without names', 'train: x', /names\)/],
    ['with gaps in its classes', 'train: x\nnames: {0: cat, 2: dog}', /numbered 0, 1.*names\.1\)/],
    ['without the split', 'val: x\nnames: [cat]', /a text is expected.*data\.yaml, train\)/],
    ['that explodes', `a: &a [x, x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: *a`).join('\n')}`, /alias/i],
  ])('a file %s is refused', async (_, text, message) => {
    await expect(readYolo(await temporaryDirectory({ 'data.yaml': text }), { split: 'train' })).rejects.toThrow(
      message,
    );
  });

  test('IO errors pass', async () => {
    const directory = await temporaryDirectory({ 'data.yaml': 'train: nowhere\nnames: [cat]' });
    await expect(readYolo(directory, { split: 'train' })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
