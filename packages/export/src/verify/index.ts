export * from './agreement.js';
export { compareValues, type Difference, largerDifference } from './differences.js';
export * from './latency.js';
export * from './verify.js';
