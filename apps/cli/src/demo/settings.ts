import { demoDetectorConfig } from '@nats/detect';
import { demoResnet, searchSpace } from '@nats/space';

/** How long and on how much the demonstration works. */
export interface DemoSettings {
  readonly name: string;
  readonly trainingImages: number;
  readonly testImages: number;
  readonly pretraining: { readonly images: number; readonly steps: number; readonly batch: number };
  readonly search: { readonly steps: number; readonly start: number };
  /** Steps of each of the two detectors. */
  readonly steps: number;
  readonly batch: number;
  /** Steps of rising learning rate, in every training. */
  readonly warmUp: number;
  readonly seed: number;
  /** Images on which the written files are compared with what was trained. */
  readonly verifiedImages: number;
}

/** Long enough that the two detectors can be told apart. */
export const FULL: DemoSettings = {
  name: 'full',
  trainingImages: 10_000,
  testImages: 1_500,
  pretraining: { images: 10_000, steps: 1_200, batch: 64 },
  search: { steps: 1_000, start: 300 },
  steps: 1_000,
  batch: 16,
  warmUp: 100,
  seed: 10,
  verifiedImages: 64,
};

/** Shows that everything works, in about two minutes on two cores that have nothing else to do. */
export const QUICK: DemoSettings = {
  ...FULL,
  name: 'quick',
  trainingImages: 3_000,
  testImages: 300,
  pretraining: { images: 4_000, steps: 150, batch: 64 },
  search: { steps: 90, start: 30 },
  steps: 150,
  warmUp: 20,
};

/** The same in all settings; the values were tuned on other seeds. */
export const LEARNING_RATE = 2e-3;
export const WEIGHT_DECAY = 1e-3;
export const CLIP_NORM = 10;
export const ARCHITECTURE_RATE = 0.1;
export const STATISTICS = { mean: [0.3], deviation: [0.2] } as const;
/** Sides that part small, medium and large objects, in pixels. */
export const SIZES = [24, 48] as const;

export const backbone = demoResnet();
export const detectorConfig = demoDetectorConfig({ backbone });
export const space = searchSpace(backbone, {
  genotypes: [
    [1, 1],
    [2, 2],
    [3, 3],
  ],
  division: { groups: 8 },
});
