import { check, type ErrorDetails } from '@nats/graph';
import type { DetectorConvention } from './convention.js';

/** @throws NatsError `attribute` for classes, statistics or thresholds that no detector has */
export function checkConvention({ classes, input, thresholds }: DetectorConvention): void {
  const { channels, statistics, letterbox } = input;
  const must = (holds: boolean, details: () => ErrorDetails) => check(holds, 'attribute', details);
  must(classes.length > 0, () => ({ rule: 'a detector has at least one class', received: 'none' }));
  const { mean, deviation } = statistics;
  const fits =
    mean.length === channels &&
    deviation.length === channels &&
    mean.every(Number.isFinite) &&
    deviation.every((value) => value > 0 && Number.isFinite(value));
  must(fits, () => ({
    rule: 'pixels are normalized by one mean and one positive deviation for each channel',
    received: `means ${mean.join(', ')}; deviations ${deviation.join(', ')}`,
    limit: `${channels} channels`,
  }));
  const inside = (value: number) => value >= 0 && value <= 1;
  const { scoreThreshold, iouThreshold, maxDetections } = thresholds;
  must(inside(scoreThreshold) && inside(iouThreshold) && Number.isInteger(maxDetections) && maxDetections >= 1, () => ({
    rule: 'a scoreThreshold and an iouThreshold are from 0 to 1, and maxDetections is a whole number of at least 1',
    received: JSON.stringify(thresholds),
  }));
  const { padValue } = letterbox;
  must(Number.isInteger(padValue) && padValue >= 0 && padValue <= 255, () => ({
    rule: 'a padValue is a brightness, a whole number',
    received: String(padValue),
    limit: '0 to 255',
  }));
}
