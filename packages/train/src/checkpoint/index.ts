export * from './checkpoint.js';
export * from './errors.js';
export type { FileSystem } from './files.js';
export type { BestResult, CheckpointInfo } from './manifest.js';
