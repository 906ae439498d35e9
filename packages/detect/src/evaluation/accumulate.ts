/** How a detection fares: it does not count, has an object of its own, or has none. */
export const IGNORED = 0;
export const TRUE_POSITIVE = 1;
export const FALSE_POSITIVE = 2;

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
  /** Of each detection: number of the smallest limit of detections per image within which it counts. */
  readonly levels: Uint8Array;
  /** Objects that count. */
  readonly objects: number;
}

/**
 * Precision at each recall threshold over all images of a category (pycocotools, COCOeval.accumulate): precision is made to
 * fall monotonically and read at the first recall that reaches the threshold; 0 for a recall that is not reached.
 * @param thresholds number of IoU thresholds
 * @param limits number of limits of detections per image
 * @returns a curve for each limit
 */
export function accumulate(
  { outcomes, levels, objects }: RankedOutcomes,
  thresholds: number,
  recallThresholds: readonly number[],
  limits: number,
): PrecisionRecall[] {
  const curves = Array.from({ length: limits }, () => ({
    precision: new Float64Array(thresholds * recallThresholds.length).fill(-1),
    recall: new Float64Array(thresholds).fill(-1),
  }));
  if (objects === 0) return curves;
  const precisions = curves.map(() => new Float64Array(objects));
  for (let t = 0; t < thresholds; t++) {
    const row = outcomes.subarray(t * levels.length, (t + 1) * levels.length);
    const found = fillPrecisions(row, levels, precisions);
    for (const [m, { precision, recall }] of curves.entries()) {
      const start = t * recallThresholds.length;
      readCurve(precisions[m]!.subarray(0, found[m]), objects, recallThresholds, precision.subarray(start));
      recall[t] = found[m]! / objects;
    }
  }
  return curves;
}

/**
 * Writes the precision at every true positive, for each limit, and returns their numbers. Between two of them recall stays
 * and precision falls, so nothing else can be read from the curve.
 */
function fillPrecisions(outcomes: Uint8Array, levels: Uint8Array, precisions: readonly Float64Array[]): Int32Array {
  const right = new Int32Array(precisions.length);
  const wrong = new Int32Array(precisions.length);
  for (let i = 0; i < outcomes.length; i++) {
    const outcome = outcomes[i];
    if (outcome === IGNORED) continue;
    const level = levels[i]!;
    if (outcome === FALSE_POSITIVE) {
      wrong[level]!++;
      continue;
    }
    right[level]!++;
    let [truePositives, falsePositives] = [0, 0];
    for (let m = 0; m < precisions.length; m++) {
      truePositives += right[m]!;
      falsePositives += wrong[m]!;
      // np.spacing(1) is added there against division by zero.
      if (m >= level)
        precisions[m]![truePositives - 1] = truePositives / (falsePositives + truePositives + Number.EPSILON);
    }
  }
  for (let m = 1; m < right.length; m++) right[m]! += right[m - 1]!;
  return right;
}

/** Makes precision fall and reads it at the recall thresholds; the i-th value is at recall (i + 1) / objects. */
function readCurve(
  precisions: Float64Array,
  objects: number,
  recallThresholds: readonly number[],
  to: Float64Array,
): void {
  const found = precisions.length;
  for (let i = found - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i]!, precisions[i + 1]!);
  let i = 0;
  for (let r = 0; r < recallThresholds.length; r++) {
    while (i < found && (i + 1) / objects < recallThresholds[r]!) i++;
    to[r] = i < found ? precisions[i]! : 0;
  }
}
