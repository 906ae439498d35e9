export * from './errors.js';
export * from './tensor-data.js';
