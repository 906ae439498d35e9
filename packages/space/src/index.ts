export * from './backbones/index.js';
