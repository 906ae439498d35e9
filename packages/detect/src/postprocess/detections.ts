import type { TensorData } from '@nats/graph';
import type { RleMask } from '../masks/rle-mask.js';
import { classwiseNms } from './nms.js';

/** Detections of one image in falling order of score. */
export interface Detections {
  /** Rows of x1, y1, x2, y2. */
  readonly boxes: readonly (readonly [number, number, number, number])[];
  readonly scores: readonly number[];
  readonly labels: readonly number[];
  /** Of each, as large as the image: from detectors that give masks. */
  readonly masks?: readonly RleMask[];
}

/** Which candidates become detections. */
export interface DetectionOptions {
  /** Lower scores are dropped; default 0.05. */
  readonly scoreThreshold?: number;
  /** Boxes of a class that overlap a better one by more are dropped; default 0.5. */
  readonly iouThreshold?: number;
  /** Default 100, as COCO counts them. */
  readonly maxDetections?: number;
}

/** Values of `Candidates` as a program returns them. */
export interface CandidateValues {
  readonly boxes: TensorData;
  readonly scores: TensorData;
  readonly labels: TensorData;
}

/** Score threshold, class-wise non-maximum suppression and maxDetections, for every image of a batch. */
export function detectionsOf(candidates: CandidateValues, options: DetectionOptions = {}): Detections[] {
  return detectedPlaces(candidates, options).map((places) => detectionsAt(candidates, places));
}

/** Positions in `[N * K]` of what becomes a detection: of each image, in falling order of score. */
export function detectedPlaces(
  { boxes, scores, labels }: CandidateValues,
  { scoreThreshold = 0.05, iouThreshold = 0.5, maxDetections = 100 }: DetectionOptions,
): number[][] {
  const [n, k] = scores.shape as [number, number];
  return Array.from({ length: n }, (_, image) => {
    const places = Array.from({ length: k }, (_, i) => image * k + i).filter((at) => scores.data[at]! > scoreThreshold);
    const known = {
      boxes: places.flatMap((at) => [...boxes.data.subarray(at * 4, at * 4 + 4)]),
      scores: places.map((at) => scores.data[at]!),
      labels: places.map((at) => labels.data[at]!),
    };
    return classwiseNms(known, iouThreshold, maxDetections).map((i) => places[i]!);
  });
}

export function detectionsAt({ boxes, scores, labels }: CandidateValues, places: readonly number[]): Detections {
  return {
    boxes: places.map((at) => [...boxes.data.subarray(at * 4, at * 4 + 4)] as [number, number, number, number]),
    scores: places.map((at) => scores.data[at]!),
    labels: places.map((at) => labels.data[at]!),
  };
}
