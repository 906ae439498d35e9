export { type AugmentationOptions, augmentSample, imagesNeeded, partnersOf } from './augment-sample.js';
export { adjustColours, type ColourFactors, type ColourOptions, jitterColours } from './colour.js';
export { type CropOptions, cropAroundObjects, cropTo } from './crop.js';
export { flipHorizontally } from './flip.js';
export { type MosaicOptions, mosaic } from './mosaic.js';
export { type Canvas, jitterScale, MIN_VISIBLE, placeSample } from './place.js';
