export * from './adam.js';
export * from './clip.js';
export * from './optimizer.js';
export * from './rules.js';
export { type SgdOptions, sgd } from './sgd.js';
