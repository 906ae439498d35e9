export { boxOverlaps } from './box-overlaps.js';
export * from './coco-format.js';
export * from './evaluate-detections.js';
export * from './evaluate-files.js';
export { maskOverlaps } from './mask-overlaps.js';
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
export type { NumpySummation } from './numpy.js';
export * from './parameters.js';
export { cocoMask, type MaskSize, segmentationMask } from './segmentation.js';
export * from './summarize.js';
export * from './validate-coco.js';
export * from './voc.js';
