/** Boxes of one image as flat arrays: x1, y1, x2, y2 in pixels, score and class of each. */
export interface ScoredBoxes {
  /** 4 numbers a box. */
  readonly boxes: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/**
 * Greedy non-maximum suppression within each class (torchvision's batched_nms): in falling order of score, of equal
 * scores the first, a box is kept unless one of its class that was kept overlaps it by more than `iouThreshold`.
 * @param maxOutput stop after so many boxes
 * @returns positions of the kept boxes in falling order of score; none for no boxes
 */
export function classwiseNms(
  { boxes, scores, labels }: ScoredBoxes,
  iouThreshold: number,
  maxOutput = Number.POSITIVE_INFINITY,
): number[] {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const keptOfClass = new Map<number, number[]>();
  const kept: number[] = [];
  for (const candidate of order) {
    if (kept.length >= maxOutput) break;
    const rivals = keptOfClass.get(labels[candidate]!) ?? [];
    if (rivals.some((rival) => overlap(boxes, rival, candidate) > iouThreshold)) continue;
    rivals.push(candidate);
    keptOfClass.set(labels[candidate]!, rivals);
    kept.push(candidate);
  }
  return kept;
}

/** Intersection over union of two boxes of a flat array; 0 if both are empty. */
function overlap(boxes: ArrayLike<number>, i: number, j: number): number {
  const [a, b] = [i * 4, j * 4];
  const width = Math.min(boxes[a + 2]!, boxes[b + 2]!) - Math.max(boxes[a]!, boxes[b]!);
  const height = Math.min(boxes[a + 3]!, boxes[b + 3]!) - Math.max(boxes[a + 1]!, boxes[b + 1]!);
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  return intersection / (area(boxes, a) + area(boxes, b) - intersection);
}

function area(boxes: ArrayLike<number>, start: number): number {
  return (boxes[start + 2]! - boxes[start]!) * (boxes[start + 3]! - boxes[start + 1]!);
}
