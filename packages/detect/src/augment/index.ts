export { type AugmentationOptions, augmentSample, imagesNeeded, partnersOf } from './augment-sample.js';
export { adjustColors, type ColorFactors, type ColorOptions, jitterColors } from './color.js';
export { type CropOptions, cropAroundObjects, cropTo } from './crop.js';
export { flipHorizontally } from './flip.js';
export { type MosaicOptions, mosaic } from './mosaic.js';
export { type Canvas, jitterScale, MIN_VISIBLE, placeSample } from './place.js';
