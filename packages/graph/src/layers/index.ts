export * from './convolution.js';
export * from './linear.js';
export * from './losses.js';
export * from './normalization.js';
