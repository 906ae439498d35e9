export { divideIndices } from './batch-plan.js';
export { createLoader, type DetectionBatch, type Loader, type LoaderOptions, type LoaderSplit } from './loader.js';
