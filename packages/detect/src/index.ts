export type { ColorOptions } from './augment/color.js';
export * from './core.js';
export { checkImages, type ImageCheckOptions, type KnownImage, withoutImages } from './data/check-images.js';
export { type DecodeOptions, decodeImage, loadRecordImage, readImage } from './data/decode-image.js';
export { IMAGE_EXTENSIONS, imageFiles } from './data/image-files.js';
export {
  type AnchorProposal,
  type ClassStatistics,
  type DatasetReport,
  type InspectOptions,
  inspectDataset,
  type Spread,
} from './data/inspect-dataset.js';
export { loadMnist } from './data/mnist.js';
export { type ReadCocoOptions, readCoco } from './data/read-coco.js';
export { type ReadVocOptions, readVoc } from './data/read-voc.js';
export { type ReadYoloOptions, readYolo } from './data/read-yolo.js';
export { encodePng } from './data/write-coco.js';
export { yoloSplits } from './data/yolo-layout.js';
export { type DrawnObjects, type DrawOptions, drawComparison, drawnRecord, drawPng } from './draw/draw-objects.js';
export { evaluateFiles } from './evaluation/evaluate-files.js';
export { type ItemHandler, readLists } from './files/read-lists.js';
export { divideIndices } from './loader/batch-plan.js';
export type { LoaderOptions, LoaderSplit } from './loader/loader.js';
export { type DetectionObjective, type DetectionObjectiveOptions, detection } from './objective/detection.js';
export {
  cocoDetections,
  type DetectorEvaluation,
  type EvaluatedDetector,
  evaluateDetector,
  type ImageLoading,
} from './objective/evaluate-detector.js';
export type { DetectionSplit } from './objective/splits.js';
