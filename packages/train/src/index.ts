export { checkpointDirectory } from './checkpoint/directory.js';
export type { FileSystem } from './checkpoint/files.js';
export * from './core.js';
export * from './data/cifar.js';
export * from './data/idx.js';
export * from './data/image-folder.js';
export * from './data/mnist.js';
export { recordMetrics } from './loop/record-metrics.js';
