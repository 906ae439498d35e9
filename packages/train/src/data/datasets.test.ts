import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { NatsError } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { describe, expect, test } from 'vitest';
import { readCifar } from './cifar.js';
import { parseIdx } from './idx.js';
import { divide, imageDataset, subset } from './image-dataset.js';
import { readImageFolder } from './image-folder.js';
import { readMnist } from './mnist.js';

/** Seven images of 1x1x2 pixels with values that tell their number. */
function tiny() {
  return imageDataset({
    name: 'tiny',
    images: Uint8Array.from({ length: 14 }, (_, i) => i),
    labels: [0, 1, 0, 1, 0, 1, 0],
    classes: ['even', 'odd'],
    channels: 1,
    height: 1,
    width: 2,
  });
}

describe('datasets in memory', () => {
  test('give images, labels and names', () => {
    const dataset = tiny();
    expect([dataset.size, [...dataset.image(3)], dataset.label(3), dataset.identify(3)]).toEqual([
      7,
      [6, 7],
      1,
      'tiny/3',
    ]);
  });

  test('refuse labels that do not fit', () => {
    const arrays = { name: 'bad', images: new Uint8Array(4), classes: ['a'], channels: 1, height: 2, width: 2 };
    expect(() => imageDataset({ ...arrays, labels: [0, 0] })).toThrow(/4 bytes of images and 2 labels/);
    expect(() => imageDataset({ ...arrays, labels: [1] })).toThrow(/bad, image 0.*received 1.*0 to 0/);
  });

  test('are divided without a common image', () => {
    const [a, b] = divide(tiny(), 0.4, 5);
    expect([a.size, b.size]).toEqual([3, 4]);
    const names = [a, b].flatMap((part) => Array.from({ length: part.size }, (_, i) => part.identify(i)));
    expect(new Set(names).size).toBe(7);
    const part = subset(a, [2]);
    expect([part.size, part.identify(0), part.label(0)]).toEqual([1, a.identify(2), a.label(2)]);
    expect(part.image(0)[0]! % 2).toBe(0);
  });
});

describe('IDX files', () => {
  const file = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);

  test('are read', () => {
    expect(parseIdx(file, 'a')).toEqual({ shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  test.each([
    ['empty', Uint8Array.of()],
    ['of floats', file.with(2, 0x0d)],
    ['of rank 0', Uint8Array.of(0, 0, 8, 0, 1)],
    ['cut in the header', file.subarray(0, 9)],
    ['cut in the data', file.subarray(0, 17)],
    ['too long', Uint8Array.of(...file, 7)],
    ['of absurd size', file.with(4, 255).with(8, 255)],
  ])('%s are refused', (_, bytes) => {
    expect(() => parseIdx(bytes, 'labels.idx')).toThrow(NatsError);
    expect(() => parseIdx(bytes, 'labels.idx')).toThrow(/labels\.idx/);
  });
});

describe('MNIST', () => {
  test('comes whole from its npm package', async () => {
    const { train, test: held } = await readMnist();
    expect([train.size, held.size, train.channels, train.height, train.width]).toEqual([60000, 10000, 1, 28, 28]);
    expect(Array.from({ length: 5 }, (_, i) => train.label(i))).toEqual([5, 0, 4, 1, 9]);
    expect(held.label(0)).toBe(7);
    expect(held.image(0).reduce((a, b) => a + b, 0)).toBeGreaterThan(5000);
  });

  test('is read from compressed files, which must be whole', async () => {
    const directory = await temporaryDirectory();
    const images = gzipSync(Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 8, 9));
    const labels = gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 4));
    for (const prefix of ['train', 't10k']) {
      await writeFile(join(directory, `${prefix}-images-idx3-ubyte.gz`), images);
      await writeFile(join(directory, `${prefix}-labels-idx1-ubyte.gz`), labels);
    }
    const { test: held } = await readMnist(directory);
    expect([held.size, held.height, held.width, held.label(0), [...held.image(0)]]).toEqual([1, 1, 2, 4, [8, 9]]);
    await writeFile(join(directory, 'train-labels-idx1-ubyte.gz'), labels.subarray(0, 20));
    await expect(readMnist(directory)).rejects.toThrow(/gzip file is whole/);
    await expect(readMnist(join(directory, 'nowhere'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('CIFAR', () => {
  const record = (label: number[], pixel: number) => [...label, ...new Array<number>(3072).fill(pixel)];

  test('joins its files', async () => {
    const directory = await temporaryDirectory();
    const paths = ['data_batch_1.bin', 'data_batch_2.bin'].map((name) => join(directory, name));
    await writeFile(paths[0]!, Uint8Array.from([...record([3], 10), ...record([9], 20)]));
    await writeFile(paths[1]!, Uint8Array.from(record([0], 30)));
    const dataset = await readCifar(paths);
    expect([dataset.size, dataset.channels, dataset.height, dataset.width]).toEqual([3, 3, 32, 32]);
    expect([0, 1, 2].map((i) => dataset.classes[dataset.label(i)])).toEqual(['cat', 'truck', 'airplane']);
    expect([0, 1, 2].map((i) => dataset.image(i)[3071])).toEqual([10, 20, 30]);
  });

  test('of a hundred classes takes the fine label', async () => {
    const path = join(await temporaryDirectory(), 'train.bin');
    await writeFile(path, Uint8Array.from(record([19, 72], 1)));
    expect((await readCifar([path], { variant: 'cifar100' })).label(0)).toBe(72);
  });

  test('refuses broken files by name', async () => {
    const path = join(await temporaryDirectory(), 'data_batch_1.bin');
    await writeFile(path, Uint8Array.from(record([3], 1)).subarray(1));
    await expect(readCifar([path])).rejects.toThrow(/data_batch_1\.bin.*3072 bytes/);
    await writeFile(path, Uint8Array.from(record([10], 1)));
    await expect(readCifar([path])).rejects.toThrow(/data_batch_1\.bin, record 0.*received 10.*0 to 9/);
  });
});

describe('image folders', () => {
  const size = { channels: 3, height: 1, width: 2 };
  /** A file's bytes are its pixels. */
  const decode = async (bytes: Uint8Array) => {
    if (bytes.length === 0) throw new Error('no pixels');
    return bytes;
  };

  async function folder(files: Record<string, number[]>) {
    const directory = await temporaryDirectory();
    for (const [path, bytes] of Object.entries(files)) {
      await mkdir(join(directory, path, '..'), { recursive: true });
      await writeFile(join(directory, path), Uint8Array.from(bytes));
    }
    return directory;
  }

  test('are read in order of classes and files, as planes', async () => {
    const directory = await folder({
      'dog/b.JPG': [1, 2, 3, 4, 5, 6],
      'cat/z.png': [7, 7, 7, 7, 7, 7],
      'dog/a.png': [9, 9, 9, 9, 9, 9],
      'dog/notes.txt': [],
    });
    const dataset = await readImageFolder(directory, { decode, ...size });
    expect([dataset.classes, dataset.size]).toEqual([['cat', 'dog'], 3]);
    expect([0, 1, 2].map((i) => dataset.label(i))).toEqual([0, 1, 1]);
    expect([...dataset.image(2)]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(dataset.identify(2)).toBe(join(directory, 'dog', 'b.JPG'));
  });

  test.each<[string, Record<string, number[]>, RegExp]>([
    ['without classes', { 'a.png': [1] }, /one folder for each class/],
    ['with an empty class', { 'cat/a.png': [1, 1, 1, 1, 1, 1], 'dog/readme': [] }, /dog.*at least one image/],
    ['with a broken image', { 'cat/a.png': [] }, /a\.png.*received no pixels/],
    ['whose decoder gives another size', { 'cat/a.png': [1, 2, 3] }, /received 3 bytes.*1 x 2 x 3/],
  ])('%s are refused', async (_, files, message) => {
    await expect(readImageFolder(await folder(files), { decode, ...size })).rejects.toThrow(message);
  });
});
