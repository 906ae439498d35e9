export * from './augmentation.js';
export * from './cifar.js';
export * from './idx.js';
export * from './image-dataset.js';
export * from './image-folder.js';
export * from './mnist.js';
export * from './normalize.js';
export { exampleAt, shuffled } from './shuffle.js';
