import type { TensorData } from '@nats/graph';
import { classwiseNms } from './nms.js';

/** Detections of one image in falling order of score. */
export interface Detections {
  /** Rows of x1, y1, x2, y2. */
  readonly boxes: readonly (readonly [number, number, number, number])[];
  readonly scores: readonly number[];
  readonly labels: readonly number[];
}

export interface DetectionOptions {
  /** Lower scores are dropped; default 0.05. */
  readonly scoreThreshold?: number;
  /** Boxes of a class that overlap a better one by more are dropped; default 0.5. */
  readonly iouThreshold?: number;
  /** Default 100, as COCO counts them. */
  readonly limit?: number;
}

/** Values of `Candidates` as a program returns them. */
export interface CandidateValues {
  readonly boxes: TensorData;
  readonly scores: TensorData;
  readonly labels: TensorData;
}

/** Score threshold, class-wise non-maximum suppression and limit, for every image of a batch. */
export function detectionsOf(candidates: CandidateValues, options: DetectionOptions = {}): Detections[] {
  const [n, k] = candidates.scores.shape as [number, number];
  return Array.from({ length: n }, (_, image) => detectionsOfImage(candidates, image, k, options));
}

function detectionsOfImage(
  candidates: CandidateValues,
  image: number,
  k: number,
  options: DetectionOptions,
): Detections {
  const { scoreThreshold = 0.05, iouThreshold = 0.5, limit = 100 } = options;
  const scores: number[] = [];
  const labels: number[] = [];
  const boxes: number[] = [];
  for (let i = image * k; i < (image + 1) * k; i++) {
    const score = candidates.scores.data[i]!;
    if (!(score > scoreThreshold)) continue;
    scores.push(score);
    labels.push(candidates.labels.data[i]!);
    boxes.push(...candidates.boxes.data.subarray(i * 4, i * 4 + 4));
  }
  const kept = classwiseNms({ boxes, scores, labels }, iouThreshold, limit);
  return {
    boxes: kept.map((i) => [boxes[i * 4]!, boxes[i * 4 + 1]!, boxes[i * 4 + 2]!, boxes[i * 4 + 3]!]),
    scores: kept.map((i) => scores[i]!),
    labels: kept.map((i) => labels[i]!),
  };
}
