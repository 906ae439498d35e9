import type { DetectionSample } from '../data/detection-sample.js';
import { movedMasks } from './objects.js';

/** Mirrors left and right: x becomes width - x. */
export function flipHorizontally(sample: DetectionSample): DetectionSample {
  const { channels, height, width, pixels, boxes } = sample;
  const flipped = new Uint8Array(pixels.length);
  for (let row = 0; row < channels * height; row++) {
    const start = row * width;
    flipped.set(pixels.subarray(start, start + width), start);
    flipped.subarray(start, start + width).reverse();
  }
  const mirrored = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    mirrored[i] = width - boxes[i + 2]!;
    mirrored[i + 1] = boxes[i + 1]!;
    mirrored[i + 2] = width - boxes[i]!;
    mirrored[i + 3] = boxes[i + 3]!;
  }
  const masks = movedMasks(sample, { x: width, y: 0, scaleX: -1, scaleY: 1 });
  return { ...sample, pixels: flipped, boxes: mirrored, ...masks };
}
