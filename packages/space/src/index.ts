export * from './apply/index.js';
export * from './backbones/index.js';
export * from './costs/index.js';
export * from './genotypes.js';
export * from './layout/index.js';
export * from './scheme/index.js';
export * from './search-space.js';
