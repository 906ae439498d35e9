export type { CocoBox, CocoMask, CocoSegmentation } from './coco-mask.js';
export { boxMask, polygonMask } from './mask-polygon.js';
export {
  decodeMask,
  encodeMask,
  encodeMaskPart,
  type MaskPart,
  type MaskRuns,
  maskArea,
  maskBox,
  mergeMasks,
} from './mask-runs.js';
export { compressRuns, expandRuns } from './mask-string.js';
export { cocoMask, type MaskSize, segmentationMask } from './segmentation.js';
