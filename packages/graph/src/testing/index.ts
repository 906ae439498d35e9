export * from './conformance/index.js';
export * from './golden.js';
export * from './golden-values.js';
