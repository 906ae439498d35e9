import { type Dataset, demoDetectorConfig, type FcosConfig, mnistDetection } from '@nats/detect';
import { type Division, type Genotype, type SearchSpace, searchSpace } from '@nats/space';
import { readMnist } from '@nats/train';
import { backbone, detectorConfig, PROTOCOL, space } from '../../apps/cli/src/demo/protocol.js';

const { ranges } = detectorConfig;

/** Detectors by their theoretical receptive field in pixels, which a head that looks further makes larger. */
const DETECTORS: Readonly<Record<string, FcosConfig>> = {
  '87': detectorConfig,
  // Levels are smoothed.
  '103': demoDetectorConfig({ backbone, ranges, predictionKernel: 1 }),
  // Predictions look at 3 x 3 pixels, too.
  '119': demoDetectorConfig({ backbone, ranges }),
};

/** Every pair of dilations of 1, 2 and 3 by height and width. */
const ANISOTROPIC: readonly Genotype[] = [1, 2, 3].flatMap((h) => [1, 2, 3].map((w) => [h, w] as const));

export interface TaskOptions {
  /** The detector's receptive field: '87', '103' or '119'. */
  readonly field: string;
  /**
   * Factor on the learning rate of the pretrained backbone, in searches and in every variant: 0 is a backbone that keeps its
   * weights while neck and head are fitted.
   */
  readonly backboneRate: number;
  /** Digits two and a half to four times as wide, and genotypes of different dilation by height and width. */
  readonly wide: boolean;
  /** Whether a search chooses for each channel by itself instead of for groups of them. */
  readonly everyChannel: boolean;
}

/** The demonstration's. */
export const DEFAULT_TASK: TaskOptions = { field: '87', backboneRate: 1, wide: false, everyChannel: false };

/** What is detected, by what, and what is searched. */
export interface Task extends Pick<TaskOptions, 'backboneRate'> {
  readonly detector: FcosConfig;
  readonly space: SearchSpace;
  readonly train: Dataset;
  readonly test: Dataset;
}

export async function loadTask({ field, backboneRate, wide, everyChannel }: TaskOptions): Promise<Task> {
  const detector = DETECTORS[field];
  if (!detector)
    throw new Error(`the receptive field is one of ${Object.keys(DETECTORS).join(', ')}; received '${field}'`);
  if (!(backboneRate >= 0)) throw new Error(`a factor on a learning rate is not negative; received '${backboneRate}'`);
  const digits = await readMnist();
  // Wide digits of less than 32 pixels would be less than 13 high.
  const shape = wide ? ({ widening: [2.5, 4], side: [32, 120] } as const) : {};
  const division: Division = everyChannel ? { channelsPerGroup: 1 } : { groups: PROTOCOL.search.groups };
  return {
    detector,
    backboneRate,
    space: searchSpace(backbone, { genotypes: wide ? ANISOTROPIC : space.genotypes, division }),
    train: mnistDetection({ digits: digits.train, size: PROTOCOL.trainingImages, seed: 1, ...shape }),
    test: mnistDetection({ digits: digits.test, size: PROTOCOL.testImages, seed: 1, ...shape }),
  };
}
