import type { DetectionSample } from '../data/detection-sample.js';
import type { ObjectMask } from '../data/object-mask.js';
import { blankCanvas, boxesOnCanvas, drawImage, letterbox } from '../data/placement.js';
import { cutObjects, movedMasks, type Random, type Rectangle } from './objects.js';
import { type Canvas, MIN_VISIBLE } from './place.js';

/** When and how four images become one (YOLOv4, Bochkovskiy et al. 2020). */
export interface MosaicOptions {
  /** Default 0.5. */
  readonly probability?: number;
  /** Size of each image relative to its letterbox, log-uniform; default 0.5 to 1. */
  readonly scale?: readonly [number, number];
}

/** Images in a mosaic. */
export const MOSAIC_SIZE = 4;

/**
 * Four images around a random point of the canvas, one in each quarter, each with a corner at the point and cut at its
 * quarter (Bochkovskiy et al. 2020, YOLOv4, section 3.3).
 */
export function mosaic(
  samples: readonly [DetectionSample, DetectionSample, DetectionSample, DetectionSample],
  random: Random,
  canvas: Canvas,
  { scale = [0.5, 1] }: MosaicOptions = {},
): DetectionSample {
  const [height, width] = canvas.size;
  const center = (side: number, n: number) => Math.floor(side * (0.25 + 0.5 * random(n)));
  const [x, y] = [center(width, 0), center(height, 1)];
  const picture = blankCanvas(samples[0].channels, canvas.size, canvas.padValue);
  const boxes: number[] = [];
  const labels: number[] = [];
  const masks: ObjectMask[] = [];
  for (const [i, sample] of samples.entries()) {
    const [isRight, isLower] = [i % 2 === 1, i >= 2];
    const placement = letterbox(sample, canvas.size, scale[0] * (scale[1] / scale[0]) ** random(2 + i));
    const placed = {
      ...placement,
      x: isRight ? x : x - placement.width,
      y: isLower ? y : y - placement.height,
    };
    const quarter: Rectangle = [isRight ? x : 0, isLower ? y : 0, isRight ? width : x, isLower ? height : y];
    drawImage(picture, sample, placed, quarter);
    const moved = {
      boxes: boxesOnCanvas(sample.boxes, placed),
      labels: sample.labels,
      ...movedMasks(sample, placed),
    };
    const objects = cutObjects(moved, quarter, MIN_VISIBLE);
    boxes.push(...objects.boxes);
    labels.push(...objects.labels);
    masks.push(...(objects.masks ?? []));
  }
  return {
    ...picture,
    boxes: Float32Array.from(boxes),
    labels: Int32Array.from(labels),
    ...(samples.every((sample) => sample.masks) && { masks }),
  };
}
