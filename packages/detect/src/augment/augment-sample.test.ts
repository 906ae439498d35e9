import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noiseImage, paintedSamples } from '../../test/images.js';
import type { DetectionSample } from '../data/detection-sample.js';
import { boxesOnCanvas, letterbox, placeImage } from '../data/placement.js';
import { type AugmentationOptions, augmentSample, imagesNeeded, partnersOf } from './augment-sample.js';
import { flipHorizontally } from './flip.js';

const canvas = { size: [40, 56] as const, padValue: 7 };
const everything: AugmentationOptions = {
  flip: 0.5,
  crop: {},
  color: { brightness: 0.3, contrast: 0.3, saturation: 0.3 },
  scale: [0.5, 2],
  mosaic: { probability: 0.4 },
};
const sample: DetectionSample = {
  ...noiseImage(3, 30, 50),
  boxes: Float32Array.of(5, 5, 25, 25, 30, 10, 45, 28),
  labels: Int32Array.of(0, 1),
};

describe('an augmented sample', () => {
  test('is the letterboxed image if nothing is asked for', () => {
    const placement = letterbox(sample, canvas.size);
    expect(augmentSample([sample], {}, canvas, 5)).toEqual({
      ...placeImage(sample, placement, canvas.size, 7),
      boxes: boxesOnCanvas(sample.boxes, placement),
      labels: sample.labels,
      placement,
    });
  });

  test('is a pure function of images, options and seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const samples = new Array<DetectionSample>(imagesNeeded(everything, seed)).fill(sample);
        const before = sample.pixels.slice();
        const made = augmentSample(samples, everything, canvas, seed);
        expect(augmentSample(samples, everything, canvas, seed)).toEqual(made);
        expect(sample.pixels).toEqual(before);
        expect([made.channels, made.height, made.width, made.pixels.length]).toEqual([3, 40, 56, 3 * 40 * 56]);
      }),
      { numRuns: 40 },
    );
    const made = Array.from({ length: 30 }, (_, seed) =>
      augmentSample([sample], { ...everything, mosaic: {} }, canvas, seed),
    );
    expect(new Set(made.map(({ pixels }) => Buffer.from(pixels).toString('base64'))).size).toBe(30);
  });

  test('is mirrored as often as asked', () => {
    const mirrored = augmentSample([flipHorizontally(sample)], {}, canvas, 0).pixels;
    const count = (flip: number) =>
      Array.from({ length: 60 }, (_, seed) => augmentSample([sample], { flip }, canvas, seed).pixels).filter(
        (pixels) => Buffer.compare(pixels, mirrored) === 0,
      ).length;
    expect([count(0), count(1)]).toEqual([0, 60]);
    expect(Math.abs(count(0.5) - 30)).toBeLessThan(15);
  });

  test('has its objects on the canvas, whatever is asked for', () => {
    fc.assert(
      fc.property(paintedSamples, fc.integer(), (painted, seed) => {
        const samples = new Array<DetectionSample>(imagesNeeded(everything, seed)).fill(painted);
        const { boxes, labels } = augmentSample(samples, everything, canvas, seed);
        expect(boxes.length).toBe(labels.length * 4);
        for (let i = 0; i < boxes.length; i += 4) {
          expect(boxes[i]! >= 0 && boxes[i + 1]! >= 0 && boxes[i + 2]! <= 56 && boxes[i + 3]! <= 40).toBe(true);
          expect(boxes[i + 2]! - boxes[i]! >= 1 && boxes[i + 3]! - boxes[i + 1]! >= 1).toBe(true);
        }
      }),
    );
  });
});

test('mosaics are as frequent as asked, and take three further images', () => {
  const count = (options: AugmentationOptions) =>
    Array.from({ length: 400 }, (_, seed) => imagesNeeded(options, seed)).filter((images) => images === 4).length;
  expect([count({}), count({ mosaic: { probability: 1 } }), count({ mosaic: { probability: 0 } })]).toEqual([
    0, 400, 0,
  ]);
  expect(Math.abs(count({ mosaic: { probability: 0.25 } }) - 100)).toBeLessThan(35);
  const partners = Array.from({ length: 50 }, (_, seed) => partnersOf(seed, 10));
  for (const own of partners) {
    expect(own).toHaveLength(3);
    for (const index of own) expect(index >= 0 && index < 10 && Number.isInteger(index)).toBe(true);
  }
  expect(new Set(partners.flat()).size).toBe(10);
});
