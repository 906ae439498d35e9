export * from './backbone-costs.js';
export * from './costs.js';
export * from './effective-field.js';
