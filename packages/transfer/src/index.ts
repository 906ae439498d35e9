export * from './parse.js';
export { type ReadWeightsOptions, readWeights } from './read-weights.js';
export { writeSafetensors } from './safetensors-file.js';
export { type WritableFiles, writeAtomically } from './write-atomically.js';
