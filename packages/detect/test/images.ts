import { hash32 } from '@nats/graph';
import fc from 'fast-check';
import type { DecodedImage } from '../src/data/decoded-image.js';
import type { DetectionSample } from '../src/data/detection-sample.js';
import { objectMask } from '../src/data/object-mask.js';
import { encodePng } from '../src/data/write-coco.js';
import { cocoMask, segmentationMask } from '../src/masks/segmentation.js';

/** An image of pseudo-random pixels. */
export function noiseImage(channels: number, height: number, width: number, seed = 1): DecodedImage {
  const pixels = Uint8Array.from({ length: channels * height * width }, (_, i) => hash32(seed, i) & 255);
  return { channels, height, width, pixels };
}

/** The bytes of a PNG file of pseudo-random pixels. */
export function noisePng(height: number, width: number, seed = 1): Promise<Uint8Array> {
  return encodePng(noiseImage(3, height, width, seed));
}

/** Brightness of object i of a painted sample; everything else is 0. */
export function paintOf(i: number): number {
  return 100 + 20 * i;
}

/**
 * A black gray image with one bright rectangle for each box (whole pixels). Later boxes cover earlier ones. Every other mask
 * is a polygon, every other one runs.
 */
export function paintedSample(
  height: number,
  width: number,
  boxes: readonly (readonly [number, number, number, number])[],
): DetectionSample {
  const pixels = new Uint8Array(height * width);
  for (const [i, [x1, y1, x2, y2]] of boxes.entries()) {
    for (let y = y1; y < y2; y++) pixels.fill(paintOf(i), y * width + x1, y * width + x2);
  }
  return {
    channels: 1,
    height,
    width,
    pixels,
    boxes: Float32Array.from(boxes.flat()),
    labels: Int32Array.from(boxes, (_, i) => i),
    masks: boxes.map(([x1, y1, x2, y2], i) => {
      const polygon = [[x1, y1, x2, y1, x2, y2, x1, y2]];
      const size = { height, width };
      return objectMask(i % 2 === 0 ? polygon : cocoMask(segmentationMask(polygon, size)), size);
    }),
  };
}

/** Bounds of the pixels of the first plane that fulfil a condition; nothing if there are none. */
export function boundsWhere(
  { height, width, pixels }: DecodedImage,
  condition: (value: number) => boolean,
): [number, number, number, number] | undefined {
  let [x1, y1, x2, y2] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!condition(pixels[y * width + x]!)) continue;
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
    }
  }
  return x2 > x1 ? [x1, y1, x2, y2] : undefined;
}

/** Painted samples with up to four objects that do not touch: each lies in a quarter of the image. */
export const paintedSamples: fc.Arbitrary<DetectionSample> = fc
  .record({
    height: fc.integer({ min: 24, max: 70 }),
    width: fc.integer({ min: 24, max: 70 }),
    shares: fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(99)), { minLength: 0, maxLength: 4 }),
  })
  .map(({ height, width, shares }) => {
    const [halfWidth, halfHeight] = [Math.floor(width / 2) - 2, Math.floor(height / 2) - 2];
    const boxes = shares.map(([a, b, c, d], i) => {
      const boxWidth = 3 + Math.floor((c / 100) * (halfWidth - 3));
      const boxHeight = 3 + Math.floor((d / 100) * (halfHeight - 3));
      const x = 1 + (i % 2) * (halfWidth + 2) + Math.floor((a / 100) * (halfWidth - boxWidth));
      const y = 1 + (i >> 1) * (halfHeight + 2) + Math.floor((b / 100) * (halfHeight - boxHeight));
      return [x, y, x + boxWidth, y + boxHeight] as const;
    });
    return paintedSample(height, width, boxes);
  });
