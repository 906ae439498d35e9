export * from './objective.js';
export * from './optimizers/index.js';
export * from './programs/index.js';
export * from './schedules.js';
