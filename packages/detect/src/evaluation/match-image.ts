import type { AreaRange, EvaluationParameters } from './parameters.js';

/** Objects and detections of one image and category. */
export interface ImageObjects {
  /** Of the objects. */
  readonly areas: ArrayLike<number>;
  /** 1 for a crowd. */
  readonly crowd: ArrayLike<number>;
  /** pycocotools takes a match with the object of id 0 for no match; so do we. */
  readonly ids: ArrayLike<number>;
  /** Of the detections, in falling order of score. */
  readonly detectionAreas: ArrayLike<number>;
  /** `[detections, objects]`, row-major. */
  readonly overlaps: Float64Array;
}

/** How the detections of one image and category fare in one range of areas. */
export interface ImageMatches {
  /** `[thresholds, detections]`: 1 where the detection has an object of its own. */
  readonly matched: Uint8Array;
  /** `[thresholds, detections]`: 1 where the detection does not count. */
  readonly ignored: Uint8Array;
  /** Objects that count. */
  readonly objects: number;
}

/**
 * Matches detections with objects for every IoU threshold (pycocotools, COCOeval.evaluateImg): in falling order of score
 * each takes the free object that it overlaps most; objects that do not count (crowds, other sizes) come after all that do,
 * and crowds can be taken again and again.
 */
export function matchImage(
  image: ImageObjects,
  range: AreaRange,
  { iouThresholds }: EvaluationParameters,
): ImageMatches {
  const objects = image.areas.length;
  const detections = image.detectionAreas.length;
  const ignore = Uint8Array.from({ length: objects }, (_, g) =>
    image.crowd[g] || image.areas[g]! < range.from || image.areas[g]! > range.to ? 1 : 0,
  );
  const order = [...ignore.keys()].sort((a, b) => ignore[a]! - ignore[b]! || a - b);
  const counted = objects - ignore.reduce((sum, value) => sum + value, 0);
  const matched = new Uint8Array(iouThresholds.length * detections);
  const ignored = new Uint8Array(iouThresholds.length * detections);
  const taken = new Uint8Array(objects);
  for (const [t, threshold] of iouThresholds.entries()) {
    taken.fill(0);
    for (let d = 0; d < detections; d++) {
      const best = bestObject(image, d, order, counted, taken, Math.min(threshold, 1 - 1e-10));
      const at = t * detections + d;
      if (best >= 0) {
        taken[best] = 1;
        matched[at] = image.ids[best] === 0 ? 0 : 1;
        ignored[at] = ignore[best]!;
      }
      const area = image.detectionAreas[d]!;
      if (matched[at] === 0 && (area < range.from || area > range.to)) ignored[at] = 1;
    }
  }
  return { matched, ignored, objects: counted };
}

/** The object for detection `d`, or -1. `order` has the `counted` objects that count first. */
function bestObject(
  { overlaps, areas, crowd }: ImageObjects,
  d: number,
  order: readonly number[],
  counted: number,
  taken: Uint8Array,
  threshold: number,
): number {
  let best = -1;
  let bestCounts = false;
  let least = threshold;
  for (let position = 0; position < order.length; position++) {
    const g = order[position]!;
    if (taken[g] && !crowd[g]) continue;
    // A match that counts is not given up for one that does not.
    if (bestCounts && position >= counted) break;
    const overlap = overlaps[d * areas.length + g]!;
    if (overlap < least) continue;
    least = overlap;
    best = g;
    bestCounts = position < counted;
  }
  return best;
}
