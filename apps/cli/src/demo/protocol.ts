import { demoDetectorConfig } from '@nats/detect';
import { demoResnet, searchSpace } from '@nats/space';

/**
 * The task of the demonstration and of `npm run evidence`: digits on textures, and how detectors of them are searched and
 * trained. What is tuned was tuned on seeds below 10.
 */
export const PROTOCOL = {
  name: 'MNIST-detection, 128 x 128',
  trainingImages: 10_000,
  testImages: 1_500,
  batch: 16,
  steps: 1_000,
  learningRate: 2e-3,
  weightDecay: 1e-3,
  clipNorm: 10,
  warmUp: 100,
  pretraining: { images: 10_000, steps: 1_200, batch: 64, learningRate: 2e-3, seed: 10 },
  search: { steps: 1_000, start: 300, architectureRate: 0.1, groups: 8, seed: 10 },
  /** Sides that part small, medium and large objects, in pixels. */
  sizes: [24, 48],
  statistics: { mean: [0.3], deviation: [0.2] },
} as const;

export const backbone = demoResnet();

/**
 * A detector whose receptive field is 87 pixels, less than the largest digits have: the condition under which dilation helps.
 * Its predictions look at one pixel, its two levels of one stride are not smoothed, the first one answers for small and medium
 * digits. docs/evidence.md has heads that see more, whose AP is higher and to which dilation has less to add.
 */
export const detectorConfig = demoDetectorConfig({
  backbone,
  predictionKernel: 1,
  pyramid: { channels: 64, extra: 'none', smoothing: false },
  ranges: [
    [0, 48],
    [48, null],
  ],
});

export const space = searchSpace(backbone, {
  genotypes: [
    [1, 1],
    [2, 2],
    [3, 3],
  ],
  division: { groups: PROTOCOL.search.groups },
});
