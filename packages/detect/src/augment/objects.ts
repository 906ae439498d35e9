import type { DetectionSample } from '../data/detection-sample.js';
import { type AxisMap, cutMask, moveMask } from '../data/object-mask.js';

/** Boxes (rows of x1, y1, x2, y2 in pixels), class numbers and masks, if there are any, of the objects of an image. */
export type Objects = Pick<DetectionSample, 'boxes' | 'labels' | 'masks'>;

/** A rectangle x1, y1, x2, y2 in pixels. */
export type Rectangle = readonly [number, number, number, number];

/** The objects at some positions. */
export function selectObjects({ boxes, labels, masks }: Objects, positions: readonly number[]): Objects {
  const kept = new Float32Array(positions.length * 4);
  for (const [i, position] of positions.entries()) kept.set(boxes.subarray(position * 4, position * 4 + 4), i * 4);
  return {
    boxes: kept,
    labels: Int32Array.from(positions, (position) => labels[position]!),
    ...(masks && { masks: positions.map((position) => masks[position]!) }),
  };
}

/** Masks whose picture was moved; none if there are none. */
export function movedMasks({ masks }: Pick<Objects, 'masks'>, map: AxisMap): Pick<Objects, 'masks'> {
  return masks ? { masks: masks.map((mask) => moveMask(mask, map)) } : {};
}

/**
 * Boxes and masks cut to a rectangle. An object goes if less than `minVisible` of its area stays, or a side shorter than 1 pixel.
 */
export function cutObjects(objects: Objects, rectangle: Rectangle, minVisible: number): Objects {
  const [left, top, right, bottom] = rectangle;
  const boxes = new Float32Array(objects.boxes.length);
  const kept: number[] = [];
  for (let i = 0; i < objects.labels.length; i++) {
    const [x1, y1, x2, y2] = boxAt(objects.boxes, i);
    const cut: Rectangle = [Math.max(left, x1), Math.max(top, y1), Math.min(right, x2), Math.min(bottom, y2)];
    boxes.set(cut, i * 4);
    const width = cut[2] - cut[0];
    const height = cut[3] - cut[1];
    if (width < 1 || height < 1) continue;
    if (width * height >= minVisible * (x2 - x1) * (y2 - y1)) kept.push(i);
  }
  const masks = objects.masks?.map((mask) => cutMask(mask, rectangle));
  return selectObjects({ boxes, labels: objects.labels, ...(masks && { masks }) }, kept);
}

export function boxAt(boxes: Float32Array, i: number): Rectangle {
  return [boxes[i * 4]!, boxes[i * 4 + 1]!, boxes[i * 4 + 2]!, boxes[i * 4 + 3]!];
}

/** Intersection over union; 0 for boxes without area. */
export function rectangleIou(a: Rectangle, b: Rectangle): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([x1, y1, x2, y2]: Rectangle) => (x2 - x1) * (y2 - y1);
  return (width * height) / (area(a) + area(b) - width * height);
}

/** Numbers in [0, 1) by position 0, 1, …, of one image alone. */
export type Random = (n: number) => number;
