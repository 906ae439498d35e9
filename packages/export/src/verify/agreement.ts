import { type Difference, differenceOf, distance, largerDifference, NO_DIFFERENCE } from './differences.js';

/** Detections of one image: what @nats/detect calls Detections. */
export interface DetectionSet {
  /** Rows of x1, y1, x2, y2 in pixels. */
  readonly boxes: readonly (readonly [number, number, number, number])[];
  readonly scores: readonly number[];
  readonly labels: readonly number[];
  /** Of detectors with masks: what each box holds, compared element by element (probabilities inside the box, not pixels). */
  readonly masks?: readonly ArrayLike<number>[];
}

/** How well two runs of the same detector agree. */
export interface Agreement {
  /** Detections of the first that were looked for in the second. */
  readonly detections: number;
  /** Those that the second lacks. */
  readonly missing: number;
  /** Detections of the second that the first lacks. */
  readonly additional: number;
  /** Of scores of the same detection; relative to the image's best score. */
  readonly score: Difference;
  /** Of sides of boxes of the same detection, in pixels; relative to the image's longer side. */
  readonly box: Difference;
  /** Of elements of masks of the same detection, which are parts of 1; none without masks. */
  readonly mask?: Difference;
}

/** Nothing compared yet: everything agrees. */
export const FULL_AGREEMENT: Agreement = {
  detections: 0,
  missing: 0,
  additional: 0,
  score: NO_DIFFERENCE,
  box: NO_DIFFERENCE,
};

/** Both together. */
export function joinAgreements(a: Agreement, b: Agreement): Agreement {
  const masks = [a.mask, b.mask].filter((mask) => mask !== undefined);
  return {
    detections: a.detections + b.detections,
    missing: a.missing + b.missing,
    additional: a.additional + b.additional,
    score: largerDifference(a.score, b.score),
    box: largerDifference(a.box, b.box),
    ...(masks.length > 0 && { mask: masks.reduce(largerDifference) }),
  };
}

/** What counts as the same detection. */
export interface AgreementOptions {
  /** Longer side of the image in pixels. */
  readonly side: number;
  /**
   * Detections below are not looked for, but may be found: one at the detector's own threshold may fall to either side
   * of it. Default 0.1.
   */
  readonly minScore?: number;
}

/** Sides that are farther apart, as a part of the image's, belong to another object, not to the same one slightly off. */
const SAME_OBJECT = 0.05;

/**
 * Looks for each detection of either run in the other: the box of the same class whose sides and score differ least.
 * Detections are compared, not the candidates under them, whose order among nearly equal scores means nothing.
 */
export function compareDetections(
  expected: DetectionSet,
  found: DetectionSet,
  { side, minScore = 0.1 }: AgreementOptions,
): Agreement {
  let result = FULL_AGREEMENT;
  const scale = expected.scores.reduce((best, score) => Math.max(best, score), 0);
  for (const [i, score] of expected.scores.entries()) {
    // Not a number is below no score: it is looked for, and found nowhere.
    if (score < minScore) continue;
    const match = nearest(expected, i, found, side);
    const known = match
      ? {
          missing: 0,
          box: differenceOf(match.box, side),
          score: differenceOf(match.score, scale),
          ...maskDifference(expected.masks?.[i], found.masks?.[match.index]),
        }
      : { missing: 1, box: NO_DIFFERENCE, score: NO_DIFFERENCE };
    result = joinAgreements(result, { ...known, detections: 1, additional: 0 });
  }
  const additional = found.scores.filter(
    (score, i) => !(score < minScore) && !nearest(found, i, expected, side),
  ).length;
  return { ...result, additional };
}

/** None where neither has a mask; infinite where one has, or they are of different sizes. */
function maskDifference(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): Pick<Agreement, 'mask'> {
  if (!a && !b) return {};
  let absolute = a && b && a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; a && b && i < a.length; i++) absolute = Math.max(absolute, distance(a[i]!, b[i]!));
  return { mask: differenceOf(absolute, 1) };
}

/** The nearest detection of the same class, near enough to be the same: largest distance of its sides, and of its score. */
function nearest(
  from: DetectionSet,
  index: number,
  among: DetectionSet,
  side: number,
): { readonly index: number; readonly box: number; readonly score: number } | undefined {
  let best: { index: number; box: number; score: number } | undefined;
  for (const [k, other] of among.boxes.entries()) {
    if (among.labels[k] !== from.labels[index]) continue;
    const box = Math.max(...from.boxes[index]!.map((value, axis) => distance(value, other[axis]!)));
    const score = distance(from.scores[index]!, among.scores[k]!);
    if (!(box < SAME_OBJECT * side) || !Number.isFinite(score)) continue;
    if (!best || box / side + score < best.box / side + best.score) best = { index: k, box, score };
  }
  return best;
}
