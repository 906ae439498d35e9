import { type ImageDataset, readMnist } from '@nats/train';
import { describe, expect, test } from 'vitest';
import { boundsWhere } from '../../test/images.js';
import { decodeMask, maskArea, maskBox } from '../masks/rle-mask.js';

import type { Dataset } from './dataset.js';
import { mnistDetection } from './mnist-detection.js';
import { mnistTextures } from './mnist-textures.js';
import { drawMask, objectMask } from './object-mask.js';

const { train, test: held } = await readMnist();
const set = mnistDetection({ digits: train, size: 60, seed: 3 });
const examples = await Promise.all(Array.from({ length: 60 }, (_, i) => exampleOf(set, i)));

/** An image with its objects. */
async function exampleOf({ records }: Dataset, index: number) {
  const { id, source, objects } = records[index]!;
  if (!('load' in source)) throw new Error('images are generated');
  const boxes = objects.map(({ box }) => [...box]);
  return { id, ...(await source.load()), boxes, labels: objects.map(({ label }) => label) };
}

describe('MNIST-detection', () => {
  test('image i depends on seed, i and the digits alone', async () => {
    const again = mnistDetection({ digits: train, size: 7, seed: 3 });
    expect(await exampleOf(again, 5)).toEqual(examples[5]);
    const other = await exampleOf(mnistDetection({ digits: train, size: 7, seed: 4 }), 5);
    expect(other.pixels).not.toEqual(examples[5]!.pixels);
    const heldOut = await exampleOf(mnistDetection({ digits: held, size: 7, seed: 3 }), 5);
    expect(heldOut.pixels).not.toEqual(examples[5]!.pixels);
  });

  test('one to six digits of the asked sizes, inside the image, hardly overlapping', () => {
    for (const example of examples) {
      const { boxes } = example;
      expect(boxes.length).toBeGreaterThanOrEqual(1);
      expect(boxes.length).toBeLessThanOrEqual(6);
      expect(example.labels.length).toBe(boxes.length);
      for (const [x1, y1, x2, y2] of boxes as [number, number, number, number][]) {
        expect(Math.min(x1, y1)).toBeGreaterThanOrEqual(0);
        expect(Math.max(x2, y2)).toBeLessThanOrEqual(128);
        expect(Math.max(x2 - x1, y2 - y1)).toBeGreaterThanOrEqual(16);
        expect(Math.max(x2 - x1, y2 - y1)).toBeLessThanOrEqual(112);
      }
      for (const [i, a] of boxes.entries()) {
        for (const b of boxes.slice(0, i)) {
          const width = Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!);
          const height = Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!);
          const smaller = Math.min(...[a, b].map((c) => (c[2]! - c[0]!) * (c[3]! - c[1]!)));
          if (width > 0 && height > 0) expect((width * height) / smaller).toBeLessThanOrEqual(0.05);
        }
      }
    }
  });

  test('widened digits are so much wider for their height, and of the asked sizes', async () => {
    const widened = mnistDetection({ digits: train, size: 60, seed: 3, widening: [4, 4] });
    const shapes = (boxes: number[][]) => boxes.map(([x1, y1, x2, y2]) => [x2! - x1!, y2! - y1!] as const);
    const wide = shapes(
      (await Promise.all(examples.map((_, i) => exampleOf(widened, i)))).flatMap(({ boxes }) => boxes),
    );
    const factor = (all: (readonly [number, number])[]) =>
      Math.exp(all.reduce((sum, [w, h]) => sum + Math.log(w / h), 0) / all.length);
    const ratio = factor(wide) / factor(shapes(examples.flatMap(({ boxes }) => boxes)));
    expect(ratio).toBeGreaterThan(3.5);
    expect(ratio).toBeLessThan(4.5);
    expect(Math.min(...wide.map((sides) => Math.max(...sides)))).toBeGreaterThanOrEqual(16);
    expect(() => mnistDetection({ digits: train, size: 1, seed: 3, widening: [2, 1] })).toThrow('widened');
  });

  test('boxes hold brighter pixels than their surroundings', () => {
    let brighter = 0;
    for (const { pixels, boxes } of examples) {
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes[0]!;
      let [inside, all] = [0, 0];
      for (let y = y1; y < y2; y++) for (let x = x1; x < x2; x++) inside += pixels[y * 128 + x]!;
      for (const value of pixels) all += value;
      if (inside / ((x2 - x1) * (y2 - y1)) > all / pixels.length) brighter++;
    }
    expect(brighter).toBeGreaterThan(50);
  });

  test('boxes are tight around the ink', async () => {
    const single = { digits: train, size: 40, seed: 9, count: [1, 1] as const };
    const [faint, strong] = [0.3, 0.6].map((value) => mnistDetection({ ...single, contrast: [value, value] }));
    for (let i = 0; i < single.size; i++) {
      const [a, b] = [await exampleOf(faint!, i), await exampleOf(strong!, i)];
      const ink = { ...a, pixels: a.pixels.map((value, k) => b.pixels[k]! - value) };
      expect(boundsWhere(ink, (value) => value > 0)).toEqual(a.boxes[0]);
    }
  });

  test('pixels are made once', async () => {
    const [{ source } = expect.fail()] = set.records;
    if (!('load' in source)) expect.fail();
    expect(await source.load()).toBe(await source.load());
  });

  test('masks are the ink: as large as the box, brighter than what is around; objects have their areas', async () => {
    const options = { digits: train, size: 6, seed: 3, masks: true };
    const masked = mnistDetection(options);
    for (const [n, { objects }] of masked.records.entries()) {
      const example = await exampleOf(masked, n);
      expect(example).toEqual(examples[n]);
      for (const { box, segmentation, area } of objects) {
        const drawn = drawMask(objectMask(segmentation!, example), example);
        expect(area).toBe(maskArea(drawn));
        const [x, y, width, height] = maskBox(drawn);
        for (const [side, value] of [x, y, x + width, y + height].entries()) {
          expect(Math.abs(value - box[side]!)).toBeLessThanOrEqual(3);
        }
        const inside = decodeMask(drawn);
        const mean = (wanted: number) => {
          const values: number[] = [];
          for (let row = box[1]; row < box[3]; row++) {
            for (let column = box[0]; column < box[2]; column++) {
              if (inside[row * 128 + column] === wanted) values.push(example.pixels[row * 128 + column]!);
            }
          }
          return values.reduce((a, b) => a + b, 0) / values.length;
        };
        expect(mean(1)).toBeGreaterThan(mean(0) + 20);
      }
    }
  });

  test('the halves of MNIST stay apart: digits of the test half are in the test split only', async () => {
    const seen = (digits: ImageDataset) => {
      const asked = new Set<string>();
      const image = (index: number) => {
        asked.add(Buffer.from(digits.image(index)).toString('base64'));
        return digits.image(index);
      };
      return { asked, set: mnistDetection({ digits: { ...digits, image }, size: 30, seed: 3 }) };
    };
    const [own, other] = [seen(train), seen(held)];
    for (let i = 0; i < 30; i++) {
      await exampleOf(own.set, i);
      await exampleOf(other.set, i);
    }
    expect(own.asked.size).toBeGreaterThan(50);
    expect([...own.asked].filter((digit) => other.asked.has(digit))).toEqual([]);
  });

  test('sizes that do not fit are refused', () => {
    expect(() => mnistDetection({ digits: train, size: 1, seed: 0, imageSize: 64, side: [16, 80] })).toThrow(
      /as large as the image/,
    );
  });
});

test('textures for a classifier have one digit each, with its label', async () => {
  const textures = await mnistTextures({ digits: train, size: 20, seed: 1 });
  expect([textures.size, textures.height, textures.width, textures.channels]).toEqual([20, 64, 64, 1]);
  expect(new Set(Array.from({ length: 20 }, (_, i) => textures.label(i))).size).toBeGreaterThan(4);
});
