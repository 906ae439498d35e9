import { linspace } from './numpy.js';

/** A range of object areas in square pixels, both ends included. */
export interface AreaRange {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What is evaluated. The defaults are COCO's; other values answer other questions. */
export interface EvaluationParameters {
  readonly iouThresholds: readonly number[];
  readonly recallThresholds: readonly number[];
  /** The first covers all sizes. */
  readonly areaRanges: readonly AreaRange[];
  /** Detections per image and category that count, rising. */
  readonly maxDetections: readonly number[];
}

const UNLIMITED = 1e5 ** 2;

/** Ranges by side of a square: small, medium, large with COCO's 32 and 96 pixels by default. */
export function areaRanges(small = 32, large = 96): AreaRange[] {
  return [
    { name: 'all', from: 0, to: UNLIMITED },
    { name: 'small', from: 0, to: small ** 2 },
    { name: 'medium', from: small ** 2, to: large ** 2 },
    { name: 'large', from: large ** 2, to: UNLIMITED },
  ];
}

export const COCO_PARAMETERS: EvaluationParameters = {
  iouThresholds: linspace(0.5, 0.95, 10),
  recallThresholds: linspace(0, 1, 101),
  areaRanges: areaRanges(),
  maxDetections: [1, 10, 100],
};
