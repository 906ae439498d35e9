import { FALSE_POSITIVE, TRUE_POSITIVE } from './match-image.js';

export interface PrecisionRecall {
  /** `[thresholds, recall thresholds]`, row-major; -1 where there is no object. */
  readonly precision: Float64Array;
  /** `[thresholds]`: the largest recall, -1 where there is no object. */
  readonly recall: Float64Array;
}

/** Detections of a category over all images in one range of areas, in falling order of score. */
export interface RankedOutcomes {
  /** `[thresholds, detections]`, row-major. */
  readonly outcomes: Uint8Array;
  /** Of each detection: how many of its image are better. */
  readonly ranks: Int32Array;
  /** Objects that count. */
  readonly objects: number;
}

/**
 * Precision at each recall threshold over all images of a category (pycocotools, COCOeval.accumulate): precision is made to
 * fall monotonically and read at the first recall that reaches the threshold; 0 for a recall that is not reached.
 * @param thresholds number of IoU thresholds
 * @param limit detections of an image that count
 */
export function accumulate(
  { outcomes, ranks, objects }: RankedOutcomes,
  thresholds: number,
  recallThresholds: readonly number[],
  limit: number,
): PrecisionRecall {
  const precision = new Float64Array(thresholds * recallThresholds.length).fill(-1);
  const recall = new Float64Array(thresholds).fill(-1);
  if (objects === 0) return { precision, recall };
  const precisions = new Float64Array(objects);
  for (let t = 0; t < thresholds; t++) {
    const found = precisionsOf(outcomes.subarray(t * ranks.length, (t + 1) * ranks.length), ranks, limit, precisions);
    for (let i = found - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i]!, precisions[i + 1]!);
    let i = 0;
    for (const [r, threshold] of recallThresholds.entries()) {
      while (i < found && (i + 1) / objects < threshold) i++;
      precision[t * recallThresholds.length + r] = i < found ? precisions[i]! : 0;
    }
    recall[t] = found / objects;
  }
  return { precision, recall };
}

/**
 * Writes the precision at every true positive and returns their number. Between two of them recall stays and precision
 * falls, so nothing else can be read from the curve.
 */
function precisionsOf(outcomes: Uint8Array, ranks: Int32Array, limit: number, precisions: Float64Array): number {
  let [truePositives, falsePositives] = [0, 0];
  for (let i = 0; i < outcomes.length; i++) {
    if (ranks[i]! >= limit) continue;
    if (outcomes[i] === FALSE_POSITIVE) falsePositives++;
    else if (outcomes[i] === TRUE_POSITIVE) {
      truePositives++;
      // np.spacing(1) is added there against division by zero.
      precisions[truePositives - 1] = truePositives / (falsePositives + truePositives + Number.EPSILON);
    }
  }
  return truePositives;
}
