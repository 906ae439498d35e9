export * from './golden.js';
export * from './golden-values.js';
