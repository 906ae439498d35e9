import { IMAGENET_STATISTICS, type PixelStatistics, smallResnet } from '@nats/space';
import { expect, test } from 'vitest';
import { demoDetectorConfig } from '../detectors/demo.js';
import { buildDetector } from '../kinds/index.js';
import { statisticsOf } from './detector-statistics.js';

const built = (inputStatistics: PixelStatistics = IMAGENET_STATISTICS) =>
  buildDetector(
    demoDetectorConfig({
      backbone: { ...smallResnet({ inputChannels: 3, widths: [8, 8, 8] }), inputStatistics },
      inputSize: [32, 32],
      classes: 1,
    }),
  );

test('are those of the backbone, asked for or not', () => {
  expect(statisticsOf(built())).toEqual(IMAGENET_STATISTICS);
  const own = { mean: [0.1, 0.2, 0.3], deviation: [1, 1, 1] };
  expect(statisticsOf(built(own), own)).toEqual(own);
});

test('others are refused, with where to set them', () => {
  expect(() => statisticsOf(built(), { mean: [0.5, 0.5, 0.5], deviation: [0.2, 0.2, 0.2] })).toThrow(
    /^statistics of fcos: received mean 0\.5.*mean 0\.485.*inputStatistics in the backbone's config/,
  );
});
