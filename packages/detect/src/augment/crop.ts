import type { DetectionSample } from '../data/detection-sample.js';
import { boxAt, cutObjects, movedMasks, type Random, type Rectangle, rectangleIou, selectObjects } from './objects.js';

/** Random crops around objects, as in SSD (Liu et al. 2016, section 2.2). */
export interface CropOptions {
  /** Sides of the crop as shares of the image's, at least and at most; default 0.3 to 1. */
  readonly scale?: readonly [number, number];
  /** Width over height of the crop relative to the image's, at least and at most; default 0.5 to 2. */
  readonly aspectRatio?: readonly [number, number];
  /** One of them is chosen: the crop has at least this IoU with some object. 1 means no crop. */
  readonly overlaps?: readonly number[];
}

/** SSD's choices. */
const OVERLAPS = [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1] as const;
const CHOICES = 10;
const TRIALS = 40;
const NUMBERS = 4;

/**
 * Cuts a random part that keeps objects: one of `overlaps` is chosen, and parts are tried until some object has at least
 * this IoU with it. Objects with their center inside stay, cut at the border (Liu et al. 2016, SSD, section 2.2;
 * torchvision's RandomIoUCrop). An image without objects, or without such a part, stays as it is.
 */
export function cropAroundObjects(sample: DetectionSample, random: Random, options: CropOptions = {}): DetectionSample {
  if (sample.labels.length === 0) return sample;
  const { scale = [0.3, 1], aspectRatio = [0.5, 2], overlaps = OVERLAPS } = options;
  const { width, height } = sample;
  let drawn = 0;
  for (let choice = 0; choice < CHOICES; choice++) {
    const overlap = overlaps[Math.floor(random(drawn++) * overlaps.length)]!;
    if (overlap >= 1) return sample;
    for (let trial = 0; trial < TRIALS; trial++, drawn += NUMBERS) {
      const side = (n: number) => scale[0] + (scale[1] - scale[0]) * random(drawn + n);
      const [shareX, shareY] = [side(0), side(1)];
      const ratio = shareX / shareY;
      if (ratio < aspectRatio[0] || ratio > aspectRatio[1]) continue;
      const cropWidth = Math.max(1, Math.floor(width * shareX));
      const cropHeight = Math.max(1, Math.floor(height * shareY));
      const x = Math.floor(random(drawn + 2) * (width - cropWidth + 1));
      const y = Math.floor(random(drawn + 3) * (height - cropHeight + 1));
      const crop: Rectangle = [x, y, x + cropWidth, y + cropHeight];
      const inside = centeredIn(sample, crop);
      if (inside.length === 0) continue;
      const closest = Math.max(...inside.map((i) => rectangleIou(boxAt(sample.boxes, i), crop)));
      if (closest >= overlap) return cropTo(selected(sample, inside), crop);
    }
  }
  return sample;
}

/** The pixels of a rectangle of whole pixels inside the image. Boxes and masks are cut to it; those without a pixel in it go. */
export function cropTo(sample: DetectionSample, crop: Rectangle): DetectionSample {
  const { channels, height, width, pixels } = sample;
  const [left, top, right, bottom] = crop;
  const [newWidth, newHeight] = [right - left, bottom - top];
  const part = new Uint8Array(channels * newHeight * newWidth);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < newHeight; y++) {
      const from = (c * height + top + y) * width + left;
      part.set(pixels.subarray(from, from + newWidth), (c * newHeight + y) * newWidth);
    }
  }
  const objects = cutObjects(sample, crop, 0);
  return {
    channels,
    height: newHeight,
    width: newWidth,
    pixels: part,
    boxes: objects.boxes.map((value, i) => value - (i % 2 === 0 ? left : top)),
    labels: objects.labels,
    ...movedMasks(objects, { x: -left, y: -top, scaleX: 1, scaleY: 1 }),
  };
}

function centeredIn({ boxes, labels }: DetectionSample, [left, top, right, bottom]: Rectangle): number[] {
  return Array.from(labels, (_, i) => i).filter((i) => {
    const [x1, y1, x2, y2] = boxAt(boxes, i);
    const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
    return x > left && x < right && y > top && y < bottom;
  });
}

function selected(sample: DetectionSample, positions: readonly number[]): DetectionSample {
  return { ...sample, ...selectObjects(sample, positions) };
}
