/** Everything that needs no file: this entry bundles for browsers. */

export { type AverageFactor, ownCount } from './average-factor.js';
export type { BestResult, Checkpoint, CheckpointInfo, CheckpointStore } from './checkpoint/checkpoint.js';
export * from './checkpoint/errors.js';
export * from './classification/index.js';
export { type Collective, soleProcess } from './collective.js';
export * from './data/augmentation.js';
export * from './data/image-dataset.js';
export * from './data/normalize.js';
export { exampleAt, shuffled } from './data/shuffle.js';
export { type Json, jsonDifferences, toJson } from './json.js';
export * from './loop/index.js';
export * from './objective.js';
export * from './optimizers/index.js';
export * from './programs/index.js';
export * from './schedules.js';
