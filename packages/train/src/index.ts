export { checkpointDirectory } from './checkpoint/directory.js';
export type { FileSystem } from './checkpoint/files.js';
export * from './core.js';
export { type CifarOptions, readCifar } from './data/cifar.js';
export { type ImageDecoder, type ImageFolderOptions, readImageFolder } from './data/image-folder.js';
export { MNIST_STATISTICS, mnistDirectory, readMnist } from './data/mnist.js';
export { recordMetrics } from './loop/record-metrics.js';
