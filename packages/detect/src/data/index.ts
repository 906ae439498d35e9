export { cocoCategoryIds, cocoGroundTruth, cocoImageIds } from './coco-ground-truth.js';
export * from './dataset.js';
export { type DecodeOptions, decodeImage, loadRecordImage, readImage, readImageSize } from './decode-image.js';
export * from './fit-anchors.js';
export {
  type AnchorProposal,
  type ClassStatistics,
  type DatasetReport,
  type InspectOptions,
  inspectDataset,
  recordProblems,
  type Spread,
} from './inspect-dataset.js';
export { type LetterboxOptions, letterboxed } from './letterboxed.js';
export { loadMnist } from './mnist.js';
export * from './mnist-detection.js';
export * from './mnist-textures.js';
export { type AxisMap, cutMask, drawMask, moveMask, type ObjectMask, objectMask } from './object-mask.js';
export { defaultPixelStatistics } from './pixel-statistics.js';
export { boxesInImage, boxesOnCanvas, type CanvasSize, letterbox, type Placement, placeImage } from './placement.js';
export type { DataProblem, ProblemKind, ProblemPolicy } from './problems.js';
export { parseCoco, type ReadCocoOptions, readCoco } from './read-coco.js';
export { type ReadVocOptions, readVoc } from './read-voc.js';
export { type ReadYoloOptions, readYolo } from './read-yolo.js';
export * from './records.js';
export { encodePng, type WriteCocoOptions, writeCoco } from './write-coco.js';
