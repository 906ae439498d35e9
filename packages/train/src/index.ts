export * from './checkpoint/index.js';
export * from './classification/index.js';
export * from './data/index.js';
export { type Json, jsonDifferences, toJson } from './json.js';
export * from './loop/index.js';
export * from './objective.js';
export * from './optimizers/index.js';
export * from './programs/index.js';
export * from './schedules.js';
