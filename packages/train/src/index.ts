export * from './objective.js';
export * from './schedules.js';
