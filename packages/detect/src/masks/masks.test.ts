import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NatsError } from '@nats/graph';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskOverlaps } from '../evaluation/mask-overlaps.js';
import type { CocoMask } from './coco-mask.js';
import { boxMask, polygonMask } from './mask-polygon.js';
import { decodeMask, encodeMask, encodeMaskPart, maskArea, maskBox, mergeMasks } from './rle-mask.js';
import { decodeRle, encodeRle } from './rle-string.js';
import { cocoMask, segmentationMask } from './segmentation.js';

interface Golden {
  readonly masks: {
    readonly height: number;
    readonly width: number;
    readonly polygons: number[][];
    readonly rlePerPolygon: string[];
    readonly rle: string;
    readonly counts: number[];
    readonly area: number;
    readonly bbox: number[];
  }[];
  readonly iou: {
    readonly detections: CocoMask[];
    readonly groundTruth: CocoMask[];
    readonly iscrowd: number[];
    readonly iou: number[][];
  }[];
}

interface Drawn {
  readonly height: number;
  readonly width: number;
  readonly masks: { segmentation: number[][]; counts: string; area: number; bbox: number[] }[];
}

const read = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../evaluation/fixtures', name), 'utf8'));
const golden: Golden = read('mask-codec.json');
const drawn: Drawn = read('drawn-masks.json');

describe('equal to pycocotools', () => {
  test.each(golden.masks.map((mask, i) => [i, mask] as const))('mask %i', (_, mask) => {
    const { height, width, polygons } = mask;
    const parts = polygons.map((points) => encodeRle(polygonMask(points, height, width).runs));
    expect(parts).toEqual(mask.rlePerPolygon);
    const drawn = segmentationMask(polygons, mask);
    expect(cocoMask(drawn)).toEqual({ size: [height, width], counts: mask.rle });
    expect(Array.from(drawn.runs)).toEqual(mask.counts);
    expect(Array.from(decodeRle(mask.rle))).toEqual(mask.counts);
    expect(maskArea(drawn)).toBe(mask.area);
    expect(maskBox(drawn)).toEqual(mask.bbox);
  });

  test.each(drawn.masks.map((mask, i) => [i, mask] as const))('at the edges of what is drawn: %i', (_, mask) => {
    const result = segmentationMask(mask.segmentation, drawn);
    expect(encodeRle(result.runs)).toBe(mask.counts);
    expect(maskArea(result)).toBe(mask.area);
    expect(maskBox(result)).toEqual(mask.bbox);
  });

  test.each(golden.iou.map((pairs, i) => [i, pairs] as const))('overlaps %i', (_, pairs) => {
    const decode = (mask: CocoMask) => segmentationMask(mask, { height: mask.size[0], width: mask.size[1] });
    const overlaps = maskOverlaps(pairs.detections.map(decode), pairs.groundTruth.map(decode), pairs.iscrowd);
    expect(Array.from(overlaps)).toEqual(pairs.iou.flat());
  });
});

const pixels = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([height, width]) =>
  fc
    .array(fc.array(fc.constantFrom(0, 1), { minLength: height * width, maxLength: height * width }), {
      minLength: 2,
      maxLength: 3,
    })
    .map((masks) => ({ height, width, masks })),
);

describe('equal to what is done pixel by pixel', () => {
  test('encoding, compression, area, box', () => {
    fc.assert(
      fc.property(pixels, ({ height, width, masks }) => {
        const mask = encodeMask(masks[0]!, height, width);
        expect(Array.from(decodeMask(mask))).toEqual(masks[0]);
        expect(decodeRle(encodeRle(mask.runs))).toEqual(mask.runs);
        const inside = masks[0]!.flatMap((value, i) => (value ? [[i % width, Math.floor(i / width)] as const] : []));
        expect(maskArea(mask)).toBe(inside.length);
        const [xs, ys] = [inside.map(([x]) => x), inside.map(([, y]) => y)];
        const [left, top] = [Math.min(...xs), Math.min(...ys)];
        const box = [left, top, Math.max(...xs) - left + 1, Math.max(...ys) - top + 1];
        expect(maskBox(mask)).toEqual(inside.length === 0 ? [0, 0, 0, 0] : box);
      }),
    );
  });

  test('a part of a mask is a mask with nothing around it', () => {
    fc.assert(
      fc.property(
        pixels,
        fc.nat(3),
        fc.nat(3),
        fc.nat(3),
        fc.nat(3),
        ({ height, width, masks }, x, y, right, below) => {
          const whole = { height: y + height + below, width: x + width + right };
          const around = new Uint8Array(whole.height * whole.width);
          for (const [i, value] of masks[0]!.entries()) {
            around[(y + Math.floor(i / width)) * whole.width + x + (i % width)] = value;
          }
          expect(encodeMaskPart(masks[0]!, { x, y, width, height }, whole)).toEqual(
            encodeMask(around, whole.height, whole.width),
          );
        },
      ),
    );
  });

  test('union, intersection and overlap', () => {
    fc.assert(
      fc.property(pixels, fc.boolean(), ({ height, width, masks }, crowd) => {
        const encoded = masks.map((mask) => encodeMask(mask, height, width));
        const every = masks[0]!.map((_, i) => (masks.every((mask) => mask[i]) ? 1 : 0));
        const some = masks[0]!.map((_, i) => (masks.some((mask) => mask[i]) ? 1 : 0));
        expect(mergeMasks(encoded)).toEqual(encodeMask(some, height, width));
        expect(mergeMasks(encoded, 'intersection')).toEqual(encodeMask(every, height, width));
        const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
        const [a, b] = masks as [number[], number[]];
        const common = sum(a.map((value, i) => value * b[i]!));
        const whole = crowd ? sum(a) : sum(a) + sum(b) - common;
        const [overlap] = maskOverlaps([encoded[0]!], [encoded[1]!], [crowd ? 1 : 0]);
        expect(overlap).toBe(common === 0 ? 0 : common / whole);
      }),
    );
  });

  test('runs of any length survive compression', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 32 - 1), { maxLength: 12 }), (runs) => {
        expect(Array.from(decodeRle(encodeRle(runs)))).toEqual(runs);
      }),
    );
  });
});

test('a box on whole pixels is drawn as exactly these pixels', () => {
  const mask = boxMask([2, 1, 3, 4], 7, 6);
  expect(maskArea(mask)).toBe(12);
  expect(maskBox(mask)).toEqual([2, 1, 3, 4]);
});

describe('refused', () => {
  const size = { height: 4, width: 5 };
  test.each([
    ['counts that end within a group', { size: [4, 5], counts: '0P' }, /x\.counts.*an end within a group/],
    ['counts with other characters', { size: [4, 5], counts: '0 ' }, /characters from '0' to 'o'/],
    ['counts that go below zero', { size: [4, 5], counts: '00N' }, /at least 0 pixels|add up/],
    ['counts of another size', { size: [4, 5], counts: [3, 4] }, /x\.counts.*7 pixels.*4 x 5 = 20/],
    ['counts that are no numbers', { size: [4, 5], counts: [3.5, 16.5] }, /x\.counts.*whole numbers/],
    ['another size', { size: [5, 4], counts: [20] }, /x\.size.*\[5,4\].*\[4,5\]/],
    ['no polygon', [], /list of polygons/],
    ['a polygon with an odd number of coordinates', [[1, 2, 3, 4, 5, 6, 7]], /x\[0\].*7 coordinates.*x, y, x, y/],
    ['coordinates that are not finite', [[1, 2, Number.NaN, 4, 5, 6]], /x\[0\]/],
    ['coordinates that nobody can follow', [[1, 2, 1e9, 4, 5, 6]], /from -1000000 to 1000000/],
    ['a box in place of a polygon', [[1, 2, 3, 4]], /x\[0\].*at least three points/],
    ['something else', 'mask', /"mask".*list of polygons/],
  ])('%s', (_, segmentation, message) => {
    expect(() => segmentationMask(segmentation as never, size, 'x')).toThrow(message);
    expect(() => segmentationMask(segmentation as never, size, 'x')).toThrow(NatsError);
  });

  test('masks of different sizes', () => {
    const [a, b] = [encodeMask([1, 1], 1, 2), encodeMask([1, 1], 2, 1)];
    expect(() => maskOverlaps([a], [b])).toThrow(/1 x 2 and 2 x 1/);
    expect(() => mergeMasks([a, b])).toThrow(/one size/);
    expect(() => mergeMasks([])).toThrow(/at least one mask/);
  });
});
