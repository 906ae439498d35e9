import { check } from '@nats/graph';
import type { PixelStatistics } from '@nats/space';
import type { Detector } from '../detectors/detector.js';

/**
 * How a detector's images are normalized.
 * @param given what a caller asks for
 * @throws NatsError `attribute` if that is not what the detector's backbone was pretrained with
 */
export function statisticsOf(
  { name, inputStatistics }: Pick<Detector, 'name' | 'inputStatistics'>,
  given: PixelStatistics = inputStatistics,
): PixelStatistics {
  check(
    isEqual(given.mean, inputStatistics.mean) && isEqual(given.deviation, inputStatistics.deviation),
    'attribute',
    () => ({
      rule: "pixels are normalized as the detector's backbone expects them",
      received: textOf(given),
      limit: `${textOf(inputStatistics)}; set inputStatistics in the backbone's config for others`,
      where: `statistics of ${name}`,
    }),
  );
  return inputStatistics;
}

const isEqual = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((value, channel) => value === b[channel]);

const textOf = ({ mean, deviation }: PixelStatistics) =>
  `mean ${mean.join(', ')} and deviation ${deviation.join(', ')}`;
