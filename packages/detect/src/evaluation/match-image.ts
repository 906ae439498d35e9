import type { AreaRange } from './parameters.js';

/** Objects and detections of one image and category, compared. */
export interface ImageObjects {
  /** Of the objects, in square pixels. */
  readonly areas: Float64Array;
  /** 1 for a crowd. */
  readonly crowd: Uint8Array;
  /** pycocotools takes a match with the object of id 0 for no match; so do we. */
  readonly ids: ArrayLike<number>;
  /** Of the detections, in falling order of score. */
  readonly detectionAreas: Float64Array;
  /** `[detections, objects]`, row-major. */
  readonly overlaps: Float64Array;
}

/** How a detection fares: it does not count, has an object of its own, or has none. */
export const IGNORED = 0;
export const TRUE_POSITIVE = 1;
export const FALSE_POSITIVE = 2;

/** How the detections of one image and category fare in one range of areas. */
export interface ImageMatches {
  /** `[thresholds, detections]`, row-major: `IGNORED`, `TRUE_POSITIVE` or `FALSE_POSITIVE`. */
  readonly outcomes: Uint8Array;
  /** Objects that count. */
  readonly objects: number;
}

/**
 * Matches detections with objects for every IoU threshold (pycocotools, COCOeval.evaluateImg): in falling order of score
 * each takes the free object that it overlaps most, of equal ones the last; objects that do not count (crowds, other sizes)
 * are taken only if none that counts can be, and crowds can be taken again and again. A detection does not count if its
 * object does not, or if it has none and is itself of another size.
 */
export function matchImage(image: ImageObjects, range: AreaRange, iouThresholds: readonly number[]): ImageMatches {
  const { areas, crowd, ids, detectionAreas } = image;
  const [objects, detections] = [areas.length, detectionAreas.length];
  const outcomes = new Uint8Array(iouThresholds.length * detections);
  const { order, counted } = countedFirst(areas, crowd, range);
  const closest = largestOverlaps(image);
  const taken = new Uint8Array(objects);
  for (let t = 0; t < iouThresholds.length; t++) {
    const threshold = Math.min(iouThresholds[t]!, 1 - 1e-10);
    taken.fill(0);
    for (let d = 0; d < detections; d++) {
      const position = closest[d]! < threshold ? -1 : bestPosition(image, d, order, counted, taken, threshold);
      const g = position < 0 ? -1 : order[position]!;
      if (g >= 0) taken[g] = 1;
      const outOfRange = detectionAreas[d]! < range.from || detectionAreas[d]! > range.to;
      outcomes[t * detections + d] =
        g < 0 || ids[g] === 0
          ? outOfRange || position >= counted
            ? IGNORED
            : FALSE_POSITIVE
          : position < counted
            ? TRUE_POSITIVE
            : IGNORED;
    }
  }
  return { outcomes, objects: counted };
}

/** Objects, those that count first, else in their order. */
function countedFirst(
  areas: Float64Array,
  crowd: Uint8Array,
  { from, to }: AreaRange,
): { order: Int32Array; counted: number } {
  const order = new Int32Array(areas.length);
  let counted = 0;
  for (let g = 0; g < areas.length; g++) if (counts(g)) order[counted++] = g;
  let next = counted;
  for (let g = 0; g < areas.length; g++) if (!counts(g)) order[next++] = g;
  return { order, counted };

  function counts(g: number): boolean {
    return crowd[g] === 0 && areas[g]! >= from && areas[g]! <= to;
  }
}

/** Of each detection with any object. */
function largestOverlaps({ areas, detectionAreas, overlaps }: ImageObjects): Float64Array {
  const largest = new Float64Array(detectionAreas.length);
  for (let d = 0; d < largest.length; d++) {
    for (let g = 0; g < areas.length; g++) largest[d] = Math.max(largest[d]!, overlaps[d * areas.length + g]!);
  }
  return largest;
}

/** Where in `order` the object for detection `d` is, or -1. */
function bestPosition(
  { overlaps, areas, crowd }: ImageObjects,
  d: number,
  order: Int32Array,
  counted: number,
  taken: Uint8Array,
  threshold: number,
): number {
  let best = -1;
  let least = threshold;
  for (let position = 0; position < order.length; position++) {
    // A match that counts is not given up for one that does not.
    if (position >= counted && best >= 0 && best < counted) break;
    const g = order[position]!;
    if (taken[g] === 1 && crowd[g] === 0) continue;
    const overlap = overlaps[d * areas.length + g]!;
    if (overlap < least) continue;
    least = overlap;
    best = position;
  }
  return best;
}
