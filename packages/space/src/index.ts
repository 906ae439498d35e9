export * from './backbones/index.js';
export * from './genotypes.js';
export * from './scheme/index.js';
export * from './search-space.js';
