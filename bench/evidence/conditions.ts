import { type Config, loadConfig, type Overrides } from '@nats/pipeline';

/** The demonstration's task, in which all that is compared is the same. */
const DEMO_CONFIG = 'apps/cli/demo.config.json';

/** Detectors by their theoretical receptive field in pixels: a head that looks further makes it larger. */
const FIELDS: Readonly<Record<string, Overrides>> = {
  '87': {},
  '103': { 'detector.smoothing': true },
  '119': { 'detector.smoothing': true, 'detector.predictionKernel': 3 },
};

/** Digits of less than 32 pixels would be less than 13 high; every pair of dilations 1 to 3 by height and width. */
const WIDE: Overrides = {
  'data.widening': [2.5, 4],
  'data.side': [32, 120],
  'space.genotypes': ['1x1', '1x2', '1x3', '2x1', '2x2', '2x3', '3x1', '3x2', '3x3'],
};

export interface Conditions {
  /** The detector's receptive field: '87', '103' or '119'. */
  readonly field: string;
  /** Factor on the learning rate of the pretrained backbone, in searches and in every variant: 0 keeps its weights. */
  readonly backboneLearningRateScale: number;
  /** Digits two and a half to four times as wide, and genotypes of different dilation by height and width. */
  readonly wide: boolean;
  /** Whether a search chooses for each channel by itself instead of for groups of them. */
  readonly everyChannel: boolean;
}

/** The demonstration's. */
export const DEFAULT_CONDITIONS: Conditions = {
  field: '87',
  backboneLearningRateScale: 1,
  wide: false,
  everyChannel: false,
};

/** @param own further settings, over all others */
export async function conditionedConfig(
  { field, backboneLearningRateScale: scale, wide, everyChannel }: Conditions,
  own: Overrides,
): Promise<Config> {
  const ofField = FIELDS[field];
  if (!ofField) throw new Error(`--field '${field}' is none of ${Object.keys(FIELDS).join(', ')}`);
  const scales = { 'search.backboneLearningRateScale': scale, 'train.backboneLearningRateScale': scale };
  const flags = { ...ofField, ...(wide && WIDE), ...(scale !== 1 && scales), ...own };
  const config = await loadConfig({ file: DEMO_CONFIG, flags });
  if (!everyChannel) return config;
  return { ...config, space: { ...config.space, groups: undefined, channelsPerGroup: 1 } };
}
