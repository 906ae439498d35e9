export type { Box } from './box.js';
export { checkImages, type ImageCheckOptions, type KnownImage, withoutImages } from './check-images.js';
export { cocoCategoryIds, cocoGroundTruth, cocoImageIds } from './coco-ground-truth.js';
export {
  type Dataset,
  type DatasetObject,
  type DatasetRecord,
  type ImageSource,
  selectRecords,
  sourceName,
} from './dataset.js';
export { type DecodeOptions, decodeImage, loadRecordImage, readImage, readImageSize } from './decode-image.js';
export type { DecodedImage } from './decoded-image.js';
export type { DetectionSample } from './detection-sample.js';
export * from './fit-anchors.js';
export { IMAGE_EXTENSIONS, imageFiles } from './image-files.js';
export {
  type AnchorProposal,
  type ClassStatistics,
  type DatasetReport,
  type InspectOptions,
  inspectDataset,
  recordProblems,
  type Spread,
} from './inspect-dataset.js';
export { loadMnist } from './mnist.js';
export { type MnistDetectionOptions, mnistDetection } from './mnist-detection.js';
export * from './mnist-textures.js';
export { type AxisMap, cutMask, drawMask, moveMask, type ObjectMask, objectMask } from './object-mask.js';
export { defaultPixelStatistics } from './pixel-statistics.js';
export { boxesInImage, boxesOnCanvas, type CanvasSize, letterbox, type Placement, placeImage } from './placement.js';
export { type DataProblem, isError, type ProblemKind, type ProblemPolicy } from './problems.js';
export { type MaskPolicy, parseCoco, type ReadCocoOptions, readCoco } from './read-coco.js';
export { type ReadVocOptions, readVoc } from './read-voc.js';
export { type ReadYoloOptions, readYolo } from './read-yolo.js';
export { encodePng, type WriteCocoOptions, writeCoco } from './write-coco.js';
export { yoloSplits } from './yolo-layout.js';
