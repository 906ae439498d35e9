import { type Config, type ConfigInput, parseConfig } from '@nats/pipeline';
import { backbone, detectorConfig, PROTOCOL } from './protocol.js';

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
  /** Runs of each written file when they are timed. */
  readonly rounds: number;
}

const { trainingImages, testImages, pretraining, search, steps, batch, warmUp } = PROTOCOL;

/** Long enough that the two detectors can be told apart. */
export const FULL: DemoSettings = {
  name: 'full',
  trainingImages,
  testImages,
  pretraining: { images: pretraining.images, steps: pretraining.steps, batch: pretraining.batch },
  search: { steps: search.steps, start: search.start },
  steps,
  batch,
  warmUp,
  seed: search.seed,
  verifiedImages: 64,
  rounds: 60,
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
  verifiedImages: 32,
};

/** The demonstration as a config: what `nats search` and the other commands would be given. */
export function demoConfig(settings: DemoSettings, engine: ConfigInput['engine'] = {}): Config {
  const { warmUp, batch, seed } = settings;
  const { weightDecay, clipNorm, learningRate } = PROTOCOL;
  const custom = { optimizer: 'adamw', schedule: 'cosine', warmUp, weightDecay, clipNorm } as const;
  const { inputSize, stages, pyramid, ranges, points, radius, headDepth, headNorm } = detectorConfig;
  const { predictionKernel, distance, quality, candidatesPerLevel } = detectorConfig;
  return parseConfig(
    {
      seed,
      engine,
      data: { format: 'mnist', train: settings.trainingImages, val: settings.testImages, seed: 1 },
      backbone: { name: backbone.name, pixels: PROTOCOL.statistics },
      detector: {
        kind: 'fcos',
        ...{ inputSize, stages, ...pyramid, ranges, points, radius, headDepth, headNorm },
        ...{ predictionKernel, distance, quality, candidatesPerLevel },
      },
      space: { genotypes: ['1', '2', '3'], groups: PROTOCOL.search.groups },
      pretrain: {
        ...{ ...custom, clipNorm: null, learningRate: PROTOCOL.pretraining.learningRate },
        steps: settings.pretraining.steps,
        batchSize: settings.pretraining.batch,
        data: { format: 'mnist', images: settings.pretraining.images, seed },
      },
      search: {
        ...settings.search,
        batchSize: batch,
        learningRate,
        custom,
        architectureLearningRate: PROTOCOL.search.architectureRate,
      },
      decode: { method: 'argmax' },
      train: { steps: settings.steps, batchSize: batch, learningRate, custom },
      evaluate: { sizes: PROTOCOL.sizes, batchSize: 32 },
      export: { verifyImages: settings.verifiedImages },
    },
    'the demonstration',
  );
}
