import { check } from '@nats/graph';
import type { CocoAnnotation, CocoDetection, CocoGroundTruth } from './coco-format.js';
import { cocoIou } from './coco-iou.js';
import { stableDescending } from './stable-order.js';

/** An annotation that may be marked as difficult: found or not, it does not count. */
export interface VocAnnotation extends CocoAnnotation {
  readonly difficult?: 0 | 1;
}

/** Which of VOC's measures is computed. */
export interface VocOptions {
  /** A detection is right if it overlaps its object by at least this much; default 0.5. */
  readonly iouThreshold?: number;
  /** `2007`: mean precision at recalls 0, 0.1, …, 1. `2010` (default): the area under the whole curve. */
  readonly year?: 2007 | 2010;
}

/** AP by Pascal VOC's measure, 0 to 1. */
export interface VocResult {
  /** Category ids, rising. */
  readonly categories: readonly number[];
  /** AP of each; NaN for a category without objects. */
  readonly perCategory: readonly number[];
  /** Mean over categories with objects; NaN if there are none. */
  readonly mean: number;
}

/**
 * Pascal VOC's average precision (Everingham et al. 2010, section 4.2, and the development kit). Boxes are x, y, width,
 * height with exclusive ends: the kit's "+ 1" belongs to its inclusive pixel numbers.
 *
 * Unlike COCO's, a detection belongs to the object that it overlaps most, taken or not: a second one is wrong.
 */
export function evaluateVoc(
  groundTruth: Omit<CocoGroundTruth, 'annotations'> & { readonly annotations: readonly VocAnnotation[] },
  detections: readonly CocoDetection[],
  { iouThreshold = 0.5, year = 2010 }: VocOptions = {},
): VocResult {
  const categories = groundTruth.categories.map(({ id }) => id).sort((a, b) => a - b);
  const objects = groupBy(groundTruth.annotations, ({ category_id }) => category_id);
  const found = groupBy(detections, ({ category_id }) => category_id);
  const perCategory = categories.map((category) =>
    averagePrecision(objects.get(category) ?? [], found.get(category) ?? [], iouThreshold, year),
  );
  const evaluated = perCategory.filter((value) => !Number.isNaN(value));
  return { categories, perCategory, mean: evaluated.reduce((sum, value) => sum + value, 0) / evaluated.length };
}

function averagePrecision(
  objects: readonly VocAnnotation[],
  detections: readonly CocoDetection[],
  iouThreshold: number,
  year: 2007 | 2010,
): number {
  const counted = objects.filter(({ difficult }) => !difficult).length;
  if (counted === 0) return Number.NaN;
  const byImage = groupBy(objects, ({ image_id }) => image_id);
  const taken = new Set<VocAnnotation>();
  const recalls: number[] = [];
  const precisions: number[] = [];
  let [right, wrong] = [0, 0];
  for (const position of stableDescending(detections.map(({ score }) => score))) {
    const detection = detections[position]!;
    const { object, overlap } = mostOverlapped(detection, byImage.get(detection.image_id) ?? []);
    if (object && overlap >= iouThreshold) {
      if (object.difficult) continue;
      if (taken.has(object)) wrong++;
      else right++;
      taken.add(object);
    } else wrong++;
    recalls.push(right / counted);
    precisions.push(right / (right + wrong));
  }
  return year === 2007 ? elevenPoints(recalls, precisions) : areaUnderCurve(recalls, precisions);
}

function mostOverlapped({ bbox }: CocoDetection, objects: readonly VocAnnotation[]) {
  check(bbox !== undefined, 'malformed', () => ({ rule: 'a detection has a bbox', received: 'one without' }));
  const overlaps = cocoIou(
    [bbox],
    objects.map((object) => object.bbox),
  );
  let best = 0;
  for (let i = 1; i < overlaps.length; i++) if (overlaps[i]! > overlaps[best]!) best = i;
  return { object: objects[best], overlap: overlaps[best] ?? 0 };
}

/** The mean of the largest precisions at a recall of at least 0, 0.1, …, 1. */
function elevenPoints(recalls: readonly number[], precisions: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i <= 10; i++) {
    sum += precisions.reduce((most, precision, k) => (recalls[k]! >= i / 10 ? Math.max(most, precision) : most), 0);
  }
  return sum / 11;
}

/** Precision made to fall monotonically, times each step of recall. */
function areaUnderCurve(recalls: readonly number[], precisions: readonly number[]): number {
  let area = 0;
  let highest = 0;
  for (let i = recalls.length - 1; i >= 0; i--) {
    highest = Math.max(highest, precisions[i]!);
    area += highest * (recalls[i]! - (recalls[i - 1] ?? 0));
  }
  return area;
}

function groupBy<T>(items: readonly T[], key: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
