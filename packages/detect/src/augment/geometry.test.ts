import { hashUniform } from '@nats/graph';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundsWhere, paintedSample, paintedSamples, paintOf } from '../../test/images.js';
import type { DetectionSample } from '../data/detection-sample.js';
import { drawMask } from '../data/object-mask.js';
import { letterbox } from '../data/placement.js';
import { encodeMask, maskArea, maskBox } from '../masks/rle-mask.js';
import { cropAroundObjects, cropTo } from './crop.js';
import { flipHorizontally } from './flip.js';
import { mosaic } from './mosaic.js';
import { boxAt } from './objects.js';
import { jitterScale, MIN_VISIBLE, placeSample } from './place.js';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const randomOf = (seed: number) => (n: number) => hashUniform(seed, n);

/** The paint of each object is exactly where its box and its mask say. Objects are painted by their labels. */
function expectTrueToPixels(sample: DetectionSample): void {
  expect(sample.masks).toHaveLength(sample.labels.length);
  for (const [i, label] of sample.labels.entries()) {
    const painted = sample.pixels.map((value) => (value === paintOf(label) ? 1 : 0));
    expect(drawMask(sample.masks![i]!, sample)).toEqual(encodeMask(painted, sample.height, sample.width));
    expect(boundsWhere(sample, (value) => value === paintOf(label))).toEqual([...boxAt(sample.boxes, i)]);
  }
}

/**
 * After a change that resizes (not below half: small objects would vanish), the paint of each object is where its box
 * and its mask say, within a pixel. Neighbours would mix:
 * the change is made for each object alone, with the others black.
 */
function expectTrueWithinAPixel(
  samples: readonly DetectionSample[],
  change: (samples: readonly DetectionSample[]) => DetectionSample,
): number {
  const changed = change(samples);
  const { boxes, labels, masks } = changed;
  expect(masks).toHaveLength(labels.length);
  for (const [i, label] of labels.entries()) {
    const alone = samples.map((sample) => ({
      ...sample,
      pixels: sample.pixels.map((value) => (value === paintOf(label) ? value : 0)),
    }));
    const found = boundsWhere(change(alone), (value) => value >= paintOf(label) / 2);
    expect(found).toBeDefined();
    const [x, y, width, height] = maskBox(drawMask(masks![i]!, changed));
    const around = [x, y, x + width, y + height];
    for (const [side, value] of boxAt(boxes, i).entries()) {
      expect(Math.abs(found![side]! - value)).toBeLessThanOrEqual(1);
      expect(Math.abs(around[side]! - value)).toBeLessThanOrEqual(1);
    }
  }
  return labels.length;
}

describe('boxes and masks stay true to pixels', () => {
  test('in the painted samples themselves', () => {
    fc.assert(fc.property(paintedSamples, (sample) => expectTrueToPixels(sample)));
  });

  test('when mirrored; twice is the same image', () => {
    fc.assert(
      fc.property(paintedSamples, (sample) => {
        const flipped = flipHorizontally(sample);
        expect(flipped.labels).toEqual(sample.labels);
        expectTrueToPixels(flipped);
        const twice = flipHorizontally(flipped);
        expect([Buffer.compare(twice.pixels, sample.pixels), twice.boxes, twice.masks]).toEqual([
          0,
          sample.boxes,
          sample.masks,
        ]);
      }),
    );
  });

  test('when cropped to a rectangle', () => {
    fc.assert(
      fc.property(paintedSamples, seeds, (sample, seed) => {
        const random = randomOf(seed);
        const [x, y] = [Math.floor(random(0) * 12), Math.floor(random(1) * 12)];
        const width = 1 + Math.floor(random(2) * (sample.width - x));
        const height = 1 + Math.floor(random(3) * (sample.height - y));
        const cropped = cropTo(sample, [x, y, x + width, y + height]);
        expect([cropped.width, cropped.height]).toEqual([width, height]);
        expectTrueToPixels(cropped);
        const visible = new Set(cropped.pixels);
        for (const label of sample.labels)
          expect([...cropped.labels].includes(label)).toBe(visible.has(paintOf(label)));
      }),
    );
  });

  test('when cropped around objects', () => {
    let cropped = 0;
    fc.assert(
      fc.property(paintedSamples, seeds, (sample, seed) => {
        const part = cropAroundObjects(sample, randomOf(seed));
        expectTrueToPixels(part);
        expect(part.labels.length > 0).toBe(sample.labels.length > 0);
        if (part.width < sample.width || part.height < sample.height) cropped++;
      }),
    );
    expect(cropped).toBeGreaterThan(20);
  });

  test.each([
    ['smaller', [0.75, 1]],
    ['larger', [1, 3]],
    ['either', [0.75, 3]],
  ] as const)('when the scale is jittered: %s', (_, range) => {
    fc.assert(
      fc.property(paintedSamples, seeds, (sample, seed) => {
        const canvas = { size: [48, 64] as const, padValue: 0 };
        expectTrueWithinAPixel([sample], ([own]) => jitterScale(own!, randomOf(seed), range, canvas));
      }),
    );
  });

  test('when letterboxed', () => {
    fc.assert(
      fc.property(paintedSamples, (sample) => {
        const canvas = { size: [60, 50] as const, padValue: 0 };
        expectTrueWithinAPixel([sample], ([own]) => placeSample(own!, letterbox(own!, canvas.size), canvas));
      }),
    );
  });

  test('in mosaics', () => {
    const painted = (sample: DetectionSample, label: number): DetectionSample => ({
      ...sample,
      pixels: sample.pixels.map((value) => (value === paintOf(0) ? paintOf(label) : 0)),
      boxes: sample.boxes.slice(0, 4),
      labels: Int32Array.of(label).subarray(0, Math.min(1, sample.labels.length)),
      masks: sample.masks!.slice(0, 1),
    });
    let objects = 0;
    fc.assert(
      fc.property(fc.tuple(paintedSamples, paintedSamples, paintedSamples, paintedSamples), seeds, (samples, seed) => {
        const canvas = { size: [96, 80] as const, padValue: 0 };
        objects += expectTrueWithinAPixel(samples.map(painted), ([a, b, c, d]) =>
          mosaic([a!, b!, c!, d!], randomOf(seed), canvas, { scale: [0.6, 1.2] }),
        );
      }),
    );
    expect(objects).toBeGreaterThan(100);
  });
});

describe('a crop around objects', () => {
  test('has the overlap that is asked for with some object, and keeps those whose center is inside', () => {
    fc.assert(
      fc.property(paintedSamples, seeds, (sample, seed) => {
        const part = cropAroundObjects(sample, randomOf(seed), { overlaps: [0.5] });
        if (part === sample) return;
        const area = part.width * part.height;
        const overlaps = Array.from(part.labels, (label, i) => {
          const [x1, y1, x2, y2] = boxAt(part.boxes, i);
          const whole = boxAt(sample.boxes, sample.labels.indexOf(label));
          const inside = (x2 - x1) * (y2 - y1);
          return inside / (area + (whole[2] - whole[0]) * (whole[3] - whole[1]) - inside);
        });
        expect(Math.max(...overlaps)).toBeGreaterThanOrEqual(0.5);
      }),
    );
  });

  test('is the image itself if no crop is chosen, none is possible, or there is nothing to keep', () => {
    const sample = paintedSample(30, 30, [[2, 2, 8, 8]]);
    expect(cropAroundObjects(sample, randomOf(1), { overlaps: [1] })).toBe(sample);
    expect(cropAroundObjects(sample, randomOf(1), { overlaps: [0.99] })).toBe(sample);
    const empty = paintedSample(30, 30, []);
    expect(cropAroundObjects(empty, randomOf(1), { overlaps: [0] })).toBe(empty);
  });

  test('has the sides that are asked for', () => {
    const sample = paintedSample(100, 100, [[0, 0, 100, 100]]);
    for (let seed = 0; seed < 50; seed++) {
      const { width, height } = cropAroundObjects(sample, randomOf(seed), { overlaps: [0], scale: [0.5, 0.7] });
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(50);
      expect(Math.max(width, height)).toBeLessThanOrEqual(70);
    }
  });
});

test('objects of which little is left are no targets', () => {
  const sample = paintedSample(20, 20, [
    [0, 0, 10, 10],
    [10, 10, 20, 20],
  ]);
  const at = (shift: number) => ({ x: -shift, y: 0, width: 20, height: 20, scaleX: 1, scaleY: 1 });
  const canvas = { size: [20, 20] as const, padValue: 0 };
  const kept = (shift: number) => [...placeSample(sample, at(shift), canvas).labels];
  expect(MIN_VISIBLE).toBe(0.3);
  expect([kept(0), kept(7), kept(8), kept(20)]).toEqual([[0, 1], [0, 1], [1], []]);
  expect([...placeSample(sample, at(7), canvas).boxes.subarray(0, 4)]).toEqual([0, 0, 3, 10]);
});

test('sizes of scale jitter spread over the range, and places over the canvas', () => {
  const sample = paintedSample(32, 32, []);
  const placements = Array.from(
    { length: 300 },
    (_, seed) => jitterScale(sample, randomOf(seed), [0.5, 2], { size: [32, 32], padValue: 0 }).placement,
  );
  const smaller = placements.filter(({ width }) => width < 32).length;
  expect(Math.abs(smaller - 150)).toBeLessThan(40);
  for (const { x, y, width } of placements) {
    expect(width).toBeGreaterThanOrEqual(16);
    expect(width).toBeLessThanOrEqual(64);
    for (const at of [x, y]) {
      expect(at).toBeGreaterThanOrEqual(Math.min(0, 32 - width));
      expect(at).toBeLessThanOrEqual(Math.max(0, 32 - width));
    }
  }
  expect(new Set(placements.map(({ x }) => x)).size).toBeGreaterThan(20);
});

test('what a crop or a quarter of a mosaic hides does not come back where there is room for it', () => {
  const sample = paintedSample(20, 20, [[0, 0, 20, 20]]);
  const part = cropTo(sample, [5, 5, 15, 10]);
  const placed = placeSample(
    part,
    { x: 10, y: 10, width: 10, height: 5, scaleX: 1, scaleY: 1 },
    { size: [40, 40], padValue: 0 },
  );
  expectTrueToPixels(placed);
  expect(maskArea(drawMask(placed.masks![0]!, placed))).toBe(50);
  const whole = mosaic(
    [sample, sample, sample, sample],
    () => 0.5,
    { size: [40, 40], padValue: 0 },
    { scale: [0.8, 0.8] },
  );
  expect(whole.masks!.map((mask) => maskArea(drawMask(mask, whole)))).toEqual([400, 400, 400, 400]);
});

test('images without masks have none afterwards', () => {
  const { masks: _, ...sample } = paintedSample(30, 30, [[2, 2, 28, 28]]);
  const canvas = { size: [30, 30] as const, padValue: 0 };
  const images = [
    flipHorizontally(sample),
    cropTo(sample, [1, 1, 20, 20]),
    jitterScale(sample, randomOf(1), [1, 2], canvas),
    mosaic([sample, sample, sample, sample], randomOf(1), canvas),
  ];
  expect(images.map(({ masks }) => masks)).toEqual([undefined, undefined, undefined, undefined]);
});
