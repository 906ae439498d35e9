/** Keys that configs had before, and what they are called now; what follows a key moved with it. */
const RENAMED: Readonly<Record<string, string>> = {
  'pretrain.rate': 'pretrain.learningRate',
  'pretrain.batch': 'pretrain.batchSize',
  'search.rate': 'search.learningRate',
  'search.batch': 'search.batchSize',
  'search.backboneRate': 'search.backboneLearningRateScale',
  'search.architectureRate': 'search.architectureLearningRate',
  'search.architectureDecay': 'search.architectureWeightDecay',
  'search.architectureClip': 'search.architectureClipNorm',
  'search.augment.colour': 'search.augment.color',
  'search.freeze.stages': 'search.freeze.upTo',
  'train.rate': 'train.learningRate',
  'train.batch': 'train.batchSize',
  'train.backboneRate': 'train.backboneLearningRateScale',
  'train.augment.colour': 'train.augment.color',
  'train.freeze.stages': 'train.freeze.upTo',
  'evaluate.batch': 'evaluate.batchSize',
  'evaluate.limit': 'evaluate.maxDetections',
  'detector.hidden': 'detector.representationSize',
  'detector.candidates': 'detector.maxCandidates',
};

/** What a key that is unknown now was renamed to, if it was. */
export function renamedKey(path: string): string | undefined {
  return Object.hasOwn(RENAMED, path) ? RENAMED[path] : undefined;
}

export const RENAMED_KEYS = Object.entries(RENAMED);
