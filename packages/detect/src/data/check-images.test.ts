import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { encode } from 'bmp-ts';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { checkImages, type KnownImage, withoutImages } from './check-images.js';
import type { Dataset } from './dataset.js';
import { decodeImage, readImage } from './decode-image.js';

const [WIDTH, HEIGHT] = [64, 64];
/** Noise, so that every part of a file counts. */
const raw = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 7919 + (i >> 3) * 104729) % 251);
const source = sharp(raw, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
const jpeg = await source.clone().jpeg({ quality: 90 }).toBuffer();
const progressive = await source.clone().jpeg({ quality: 90, progressive: true }).toBuffer();

async function datasetOf(files: Record<string, Uint8Array | string>): Promise<Dataset> {
  const directory = await temporaryDirectory(files);
  const records = Object.keys(files).map((name) => ({
    id: name,
    source: { file: join(directory, name) },
    width: WIDTH,
    height: HEIGHT,
    objects: [],
  }));
  return { name: 'set', classes: [], records, problems: [] };
}

describe('images', () => {
  test('that cannot be used are found, those that are only cut at their end are told', async () => {
    const dataset = await datasetOf({
      'good.jpg': jpeg,
      'lacks-marker.jpg': jpeg.subarray(0, -2),
      'lacks-bytes.jpg': jpeg.subarray(0, -20),
      'half.jpg': jpeg.subarray(0, jpeg.length / 2),
      'most.jpg': jpeg.subarray(0, 0.7 * jpeg.length),
      'lacks-bytes-progressive.jpg': progressive.subarray(0, -20),
      'half-progressive.jpg': progressive.subarray(0, progressive.length / 3),
      'empty.png': '',
      'page.jpg': '<html></html>',
      'small.png': await source.clone().resize(8, 8).png().toBuffer(),
    });
    const missing = { ...dataset.records[0]!, id: 'missing.jpg', source: { file: '/nowhere/missing.jpg' } };
    const all = { ...dataset, records: [...dataset.records, missing] };
    const seen: number[] = [];
    const problems = await checkImages(all, { how: 'decode', onProgress: (done) => seen.push(done) });
    expect(problems.filter(({ severity }) => severity === 'warning').map(({ image }) => image)).toEqual([
      'lacks-marker.jpg',
      'lacks-bytes.jpg',
      'lacks-bytes-progressive.jpg',
    ]);
    const broken = problems.filter(({ severity }) => severity !== 'warning');
    expect(broken.map(({ image }) => image)).toEqual([
      'half.jpg',
      'most.jpg',
      'half-progressive.jpg',
      'empty.png',
      'page.jpg',
      'small.png',
      'missing.jpg',
    ]);
    expect(seen.at(-1)).toBe(11);
    expect(withoutImages(all, broken).records.map(({ id }) => id)).toEqual([
      'good.jpg',
      'lacks-marker.jpg',
      'lacks-bytes.jpg',
      'lacks-bytes-progressive.jpg',
    ]);
    // Headers do not tell that data are missing.
    const headers = await checkImages(all, { how: 'header' });
    expect(headers.map(({ image }) => image)).toEqual(['empty.png', 'page.jpg', 'small.png', 'missing.jpg']);
  });

  test('are looked at again only when size or time change', async () => {
    const dataset = await datasetOf({ 'a.jpg': jpeg });
    const { file } = dataset.records[0]!.source as { file: string };
    const known = new Map<string, KnownImage>();
    await utimes(file, 1000, 1000);
    expect(await checkImages(dataset, { how: 'decode', known })).toEqual([]);
    await writeFile(file, new Uint8Array(jpeg.length));
    await utimes(file, 1000, 1000);
    expect(await checkImages(dataset, { how: 'decode', known })).toEqual([]);
    await utimes(file, 2000, 2000);
    expect(await checkImages(dataset, { how: 'decode', known })).toHaveLength(1);
  });

  test('whose sides are swapped lead to the setting for it', async () => {
    const turned = await source
      .clone()
      .resize(64, 32, { fit: 'fill' })
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const dataset = await datasetOf({ 'a.jpg': turned });
    const swapped = { ...dataset, records: dataset.records.map((record) => ({ ...record, height: 32 })) };
    const [problem] = await checkImages(swapped, { how: 'header' });
    expect(problem!.rule).toContain("data.orientation 'ignore'");
    expect(await checkImages(swapped, { how: 'decode', decode: { orientation: 'ignore' } })).toEqual([]);
  });
});

test('a BMP has the pixels that it was made of', async () => {
  // bmp-ts takes alpha, blue, green, red.
  const data = Buffer.alloc(WIDTH * HEIGHT * 4);
  for (let i = 0; i < WIDTH * HEIGHT; i++) data.set([255, raw[3 * i + 2]!, raw[3 * i + 1]!, raw[3 * i]!], 4 * i);
  const bytes = encode({ data, width: WIDTH, height: HEIGHT, bitPP: 24 }).data;
  const { pixels, width, height } = await decodeImage(bytes, 'x.bmp');
  expect([width, height]).toEqual([WIDTH, HEIGHT]);
  const png = await source.clone().png().toBuffer();
  expect(pixels).toEqual((await decodeImage(png, 'x.png')).pixels);
  await expect(decodeImage(bytes.subarray(0, 200), 'cut.bmp')).rejects.toThrow(/cut\.bmp: received/);
  const huge = Buffer.from(bytes);
  huge.writeInt32LE(60_000, 18);
  huge.writeInt32LE(60_000, 22);
  await expect(decodeImage(huge, 'huge.bmp')).rejects.toThrow(/received 60000 x 60000.*64 million pixels/);
});

test('a small file that says that it is a huge image is refused before it is decoded; a folder is no image', async () => {
  const huge = await sharp({ create: { width: 12_000, height: 9_000, channels: 3, background: '#000' } })
    .png({ compressionLevel: 9 })
    .toBuffer();
  await expect(decodeImage(huge, 'huge.png')).rejects.toThrow(/huge\.png, size: received 12000 x 9000.*64 million/);
  await expect(readImage(await temporaryDirectory({}))).rejects.toThrow(/received a folder.*regular files/);
});
