import { type CandidateValues, type Detections, detectionsOf } from '@nats/detect';

/** How far two runs of the same detector are apart. */
export interface Agreement {
  /** Detections of the first that were looked for in the second. */
  readonly detections: number;
  /** Those that the second lacks. */
  readonly missing: number;
  /** Largest difference of a score, as a part of the largest score of its image or batch. */
  readonly score: number;
  /** Largest difference of a side of a box, as a part of the image's side. */
  readonly box: number;
}

export const SAME: Agreement = { detections: 0, missing: 0, score: 0, box: 0 };

/** Scores below are left out of the first, but not of the second: a detection at the threshold may fall to either side. */
const LOOKED_FOR = 0.1;

/**
 * Looks for each detection of `a` in `b`: the box of the same class whose sides differ least. Detections are compared, not
 * the candidates under them, whose order among equal scores means nothing.
 * @param side of the images in pixels
 */
export function compareCandidates(a: CandidateValues, b: CandidateValues, side: number): Agreement {
  const others = detectionsOf(b);
  return detectionsOf(a)
    .map((detections, image) => compareImage(detections, others[image]!, side))
    .reduce(worse, { ...SAME, score: scoreDifference(a, b) });
}

/** Both together. */
export function worse(a: Agreement, b: Agreement): Agreement {
  return {
    detections: a.detections + b.detections,
    missing: a.missing + b.missing,
    score: Math.max(a.score, b.score),
    box: Math.max(a.box, b.box),
  };
}

/** Every score of the candidates: they are in falling order, so places correspond even where boxes swap. */
function scoreDifference(a: CandidateValues, b: CandidateValues): number {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < a.scores.data.length; i++) {
    const apart = Math.abs(a.scores.data[i]! - b.scores.data[i]!);
    // Not a number counts as the largest difference of all.
    difference = Math.max(difference, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart);
    largest = Math.max(largest, a.scores.data[i]!);
  }
  return difference === 0 ? 0 : difference / largest;
}

function compareImage(a: Detections, b: Detections, side: number): Agreement {
  let result = SAME;
  for (const [i, box] of a.boxes.entries()) {
    if (a.scores[i]! < LOOKED_FOR) continue;
    let distance = Number.POSITIVE_INFINITY;
    for (const [k, other] of b.boxes.entries()) {
      if (b.labels[k] !== a.labels[i]) continue;
      distance = Math.min(distance, Math.max(...box.map((value, axis) => Math.abs(value - other[axis]!))) / side);
    }
    // Beyond a twentieth of the image it is another object, not the same one slightly off.
    const missing = distance < 0.05 ? 0 : 1;
    result = worse(result, { detections: 1, missing, score: 0, box: missing ? 0 : distance });
  }
  return result;
}
