export * from './apportion.js';
export * from './decode.js';
export * from './kernel-l1.js';
export * from './preferences.js';
