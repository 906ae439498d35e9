export type { CocoBox, CocoMask, CocoSegmentation } from './coco-mask.js';
export { boxMask, polygonMask } from './mask-polygon.js';
export {
  decodeMask,
  encodeMask,
  encodeMaskPart,
  type MaskPart,
  maskArea,
  maskBox,
  mergeMasks,
  type RleMask,
} from './rle-mask.js';
export { decodeRle, encodeRle } from './rle-string.js';
export { cocoMask, type MaskSize, segmentationMask } from './segmentation.js';
