import type { AreaRange } from './parameters.js';

/** Objects and detections of one image and category, compared. */
export interface ImageObjects {
  /** Of the objects, in square pixels. */
  readonly areas: Float64Array;
  /** 1 for a crowd. */
  readonly crowd: Uint8Array;
  /** `[detections, objects]`, row-major; detections in falling order of score. */
  readonly overlaps: Float64Array;
}

/** What was found in one image and category, in one range of areas. */
export interface ImageMatches {
  /** `[thresholds, detections]`, row-major: the number of the object that the detection has, or -1. */
  readonly objectOf: Int32Array;
  /** 1 for an object that counts. */
  readonly counts: Uint8Array;
}

/**
 * Matches detections with objects for every IoU threshold (pycocotools, COCOeval.evaluateImg): in falling order of score
 * each takes the free object that it overlaps most, of equal ones the last; objects that do not count (crowds, other sizes)
 * are taken only if none that counts can be, and crowds can be taken again and again.
 */
export function matchImage(image: ImageObjects, range: AreaRange, iouThresholds: readonly number[]): ImageMatches {
  const { areas, crowd, overlaps } = image;
  const objects = areas.length;
  const detections = overlaps.length / objects;
  const { order, counts, counted } = countedFirst(areas, crowd, range);
  const objectOf = new Int32Array(iouThresholds.length * detections).fill(-1);
  if (detections === 0) return { objectOf, counts };
  const taken = new Uint8Array(objects);
  for (let t = 0; t < iouThresholds.length; t++) {
    const threshold = Math.min(iouThresholds[t]!, 1 - 1e-10);
    taken.fill(0);
    for (let d = 0; d < detections; d++) {
      let best = -1;
      let bestOverlap = threshold;
      for (let position = 0; position < objects; position++) {
        // An object that counts is not given up for one that does not.
        if (position === counted && best >= 0) break;
        const g = order[position]!;
        if (taken[g] === 1 && crowd[g] === 0) continue;
        const overlap = overlaps[d * objects + g]!;
        if (overlap < bestOverlap) continue;
        bestOverlap = overlap;
        best = g;
      }
      if (best < 0) continue;
      taken[best] = 1;
      objectOf[t * detections + d] = best;
    }
  }
  return { objectOf, counts };
}

/** Objects, those that count first, else in their order. */
function countedFirst(areas: Float64Array, crowd: Uint8Array, { from, to }: AreaRange) {
  const order = new Int32Array(areas.length);
  const counts = new Uint8Array(areas.length);
  let counted = 0;
  for (let g = 0; g < areas.length; g++) {
    if (crowd[g] === 1 || areas[g]! < from || areas[g]! > to) continue;
    counts[g] = 1;
    order[counted++] = g;
  }
  let next = counted;
  for (let g = 0; g < areas.length; g++) if (counts[g] === 0) order[next++] = g;
  return { order, counts, counted };
}
