import { check } from '@nats/graph';
import type { IouType } from './coco-format.js';
import { linspace } from './numpy.js';

/** A range of object areas in square pixels, both ends included. */
export interface AreaRange {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What is evaluated. The defaults are COCO's; other values answer other questions. */
export interface EvaluationParameters {
  /** Boxes (default) or masks. */
  readonly iouType: IouType;
  /** Least overlaps of a match, rising, from over 0 to 1. */
  readonly iouThresholds: readonly number[];
  /** Recalls at which precision is read, rising, from 0 to 1. */
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

const COCO_PARAMETERS: EvaluationParameters = {
  iouType: 'bbox',
  iouThresholds: linspace(0.5, 0.95, 10),
  recallThresholds: linspace(0, 1, 101),
  areaRanges: areaRanges(),
  maxDetections: [1, 10, 100],
};

/** COCO's parameters with some changed. @throws NatsError `attribute` naming the one that makes no sense */
export function evaluationParameters(changed: Partial<EvaluationParameters> = {}): EvaluationParameters {
  const parameters = { ...COCO_PARAMETERS, ...changed };
  const { iouType, iouThresholds, recallThresholds, areaRanges: ranges, maxDetections } = parameters;
  checkParameter(iouType === 'bbox' || iouType === 'segm', 'iouType', iouType, `is 'bbox' or 'segm'`);
  checkParameter(
    isRising(iouThresholds) && iouThresholds.every((value) => value > 0 && value <= 1),
    'iouThresholds',
    iouThresholds,
    'rise, from over 0 to 1',
  );
  checkParameter(
    isRising(recallThresholds) && recallThresholds.every((value) => value >= 0 && value <= 1),
    'recallThresholds',
    recallThresholds,
    'rise, from 0 to 1',
  );
  checkParameter(
    ranges.length > 0 && ranges.every(({ from, to }) => from <= to),
    'areaRanges',
    ranges,
    'go from less to more square pixels',
  );
  checkParameter(
    isRising(maxDetections) &&
      maxDetections.every((value) => Number.isInteger(value) && value > 0) &&
      maxDetections.length < 256,
    'maxDetections',
    maxDetections,
    'are positive whole numbers that rise, at most 255',
  );
  return parameters;
}

function checkParameter(holds: boolean, name: string, received: unknown, rule: string): void {
  check(holds, 'attribute', () => ({ rule: `${name} ${rule}`, received: JSON.stringify(received) ?? 'nothing' }));
}

function isRising(values: readonly number[]): boolean {
  return values.length > 0 && values.every((value, i) => i === 0 || value > values[i - 1]!);
}
