import type { ImageMatches } from './match-image.js';
import { stableDescending } from './numpy.js';

/** Detections of one image and category with their matches in one range of areas, in falling order of score. */
export interface ScoredMatches extends ImageMatches {
  readonly scores: Float64Array;
}

export interface PrecisionRecall {
  /** `[thresholds, recall thresholds]`, -1 where there is no object. */
  readonly precision: Float64Array;
  /** `[thresholds]`: the largest recall, -1 where there is no object. */
  readonly recall: Float64Array;
}

/**
 * Precision at each recall threshold over all images of a category (pycocotools, COCOeval.accumulate): detections of all
 * images in falling order of score, precision made to fall monotonically, and read at the first recall that reaches the
 * threshold; 0 for a recall that is not reached.
 * @param limit detections of an image that count
 */
export function accumulate(
  images: readonly ScoredMatches[],
  thresholds: number,
  recallThresholds: readonly number[],
  limit: number,
): PrecisionRecall {
  const precision = new Float64Array(thresholds * recallThresholds.length).fill(-1);
  const recall = new Float64Array(thresholds).fill(-1);
  const objects = images.reduce((sum, image) => sum + image.objects, 0);
  if (objects === 0) return { precision, recall };
  const counts = images.map(({ scores }) => Math.min(scores.length, limit));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const scores = new Float64Array(total);
  let filled = 0;
  for (const [i, image] of images.entries()) {
    scores.set(image.scores.subarray(0, counts[i]), filled);
    filled += counts[i]!;
  }
  const order = stableDescending(scores);
  for (let t = 0; t < thresholds; t++) {
    // 1: true positive, 2: false positive, 0: does not count.
    const kind = new Uint8Array(total);
    let at = 0;
    for (const [i, { matched, ignored, scores: own }] of images.entries()) {
      for (let d = 0; d < counts[i]!; d++, at++) {
        const k = t * own.length + d;
        kind[at] = ignored[k] ? 0 : matched[k] ? 1 : 2;
      }
    }
    recall[t] = fillCurve(precision, t * recallThresholds.length, kind, order, objects, recallThresholds);
  }
  return { precision, recall };
}

/** Writes the precision at every recall threshold and returns the largest recall. */
function fillCurve(
  result: Float64Array,
  start: number,
  kind: Uint8Array,
  order: Int32Array,
  objects: number,
  recallThresholds: readonly number[],
): number {
  const recalls = new Float64Array(order.length);
  const precisions = new Float64Array(order.length);
  let [truePositives, falsePositives] = [0, 0];
  for (let i = 0; i < order.length; i++) {
    if (kind[order[i]!] === 1) truePositives++;
    if (kind[order[i]!] === 2) falsePositives++;
    recalls[i] = truePositives / objects;
    // np.spacing(1) keeps the quotient finite.
    precisions[i] = truePositives / (falsePositives + truePositives + Number.EPSILON);
  }
  for (let i = order.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i]!, precisions[i + 1]!);
  let i = 0;
  for (const [r, threshold] of recallThresholds.entries()) {
    while (i < order.length && recalls[i]! < threshold) i++;
    result[start + r] = i < order.length ? precisions[i]! : 0;
  }
  return order.length > 0 ? recalls.at(-1)! : 0;
}
