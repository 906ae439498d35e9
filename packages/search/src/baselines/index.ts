export * from './edo.js';
export * from './fixed-schemes.js';
export * from './path-level.js';
export * from './rf-next.js';
