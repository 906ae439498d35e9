/** What needs no file and no module of Node: this entry bundles for browsers. */
export type { AugmentationOptions } from './augment/augment-sample.js';
export type { CropOptions } from './augment/crop.js';
export { type MosaicOptions, mosaic } from './augment/mosaic.js';
export type { Canvas } from './augment/place.js';
export { type AnchorLevel, type Anchors, generateAnchors, generatePoints } from './boxes/anchors.js';
export { type CoderWeights, decodeBoxes, decodeDistances, encodeBoxes, encodeDistances } from './boxes/box-coder.js';
export { boxIou, TINY } from './boxes/box-iou.js';
export type { Box } from './data/box.js';
export { cocoCategoryIds, cocoGroundTruth, cocoImageIds } from './data/coco-ground-truth.js';
export {
  type Dataset,
  type DatasetObject,
  type DatasetRecord,
  type ImageSource,
  selectRecords,
} from './data/dataset.js';
export type { DecodedImage } from './data/decoded-image.js';
export type { DetectionSample } from './data/detection-sample.js';
export type { BoxSize, FittedAnchors } from './data/fit-anchors.js';
export { type MnistDetectionOptions, mnistDetection } from './data/mnist-detection.js';
export { type MnistTexturesOptions, mnistTextures } from './data/mnist-textures.js';
export { type AxisMap, drawMask, type ObjectMask, objectMask } from './data/object-mask.js';
export { type CanvasSize, letterbox, type Placement, placeImage } from './data/placement.js';
export { type DataProblem, isError, type ProblemKind, type ProblemPolicy } from './data/problems.js';
export {
  type CascadeRcnnConfig,
  type CascadeRcnnOptions,
  type CascadeStage,
  cascadeRcnnConfig,
} from './detectors/cascade-rcnn.js';
export { deepDemoDetectorConfig, demoDetectorConfig } from './detectors/demo.js';
export { demoFasterRcnnConfig, demoMaskRcnnConfig } from './detectors/demo-two-stage.js';
export {
  type DetectionLoss,
  type Detector,
  type DetectorBase,
  type DetectorOptions,
  totalLoss,
} from './detectors/detector.js';
export {
  boxStage,
  type FasterRcnnConfig,
  type FasterRcnnOptions,
  fasterRcnn,
  fasterRcnnConfig,
} from './detectors/faster-rcnn.js';
export { type FcosConfig, type FcosOptions, fcos, fcosConfig } from './detectors/fcos.js';
export type { DetectorConfig } from './detectors/index.js';
export {
  type MaskCandidates,
  type MaskRcnnConfig,
  type MaskRcnnOptions,
  maskRcnnConfig,
} from './detectors/mask-rcnn.js';
export { detectorBackbone } from './detectors/pyramid-features.js';
export { type RetinanetConfig, type RetinanetOptions, retinanet, retinanetConfig } from './detectors/retinanet.js';
export {
  type FirstStage,
  firstStage,
  poolBoxes,
  proposalsOf,
  samplingFeeds,
  type TrainedFirstStage,
  type TwoStageBase,
  type TwoStageOptions,
  trainedFirstStage,
} from './detectors/two-stage.js';
export type {
  CocoAnnotation,
  CocoCategory,
  CocoDetection,
  CocoGroundTruth,
  CocoImage,
  IouType,
} from './evaluation/coco-format.js';
export { type DetectionEvaluation, evaluateDetections } from './evaluation/evaluate-detections.js';
export type { NumpySummation } from './evaluation/numpy.js';
export { type AreaRange, areaRanges, type EvaluationParameters } from './evaluation/parameters.js';
export { type DetectionSummary, formatSummary, STAT_NAMES, type StatName, summarize } from './evaluation/summarize.js';
export { evaluateVoc, type VocAnnotation, type VocOptions, type VocResult } from './evaluation/voc.js';
export { BOX_HEAD_WEIGHTS, type BoxHeadLosses, type BoxHeadOutputs, boxHeadLoss } from './heads/box-head.js';
export { type FcosHeadConfig, type FcosOutputs, fcosHead } from './heads/fcos-head.js';
export { projectMasks } from './heads/mask-head.js';
export { type RetinanetHeadConfig, type RetinanetOutputs, retinanetHead } from './heads/retinanet-head.js';
export { type RpnLosses, rpnLoss } from './heads/rpn-head.js';
export { type HeadNorm, type PredictionKernel, type TowerOptions, tower } from './heads/tower.js';
export {
  buildDetector,
  DETECTOR_KINDS,
  DETECTORS,
  type DetectorSettings,
  detectorConfigOf,
  detectorSchema,
  givesMasks,
} from './kinds/index.js';
export type { DetectorContext } from './kinds/kind.js';
export { ciouLoss, giouLoss, l1Loss, smoothL1Loss } from './losses/box-losses.js';
export { type FocalLossOptions, focalLoss } from './losses/focal-loss.js';
export type { CocoBox, CocoMask, CocoSegmentation } from './masks/coco-mask.js';
export { type PackedPolygons, plainSegmentation } from './masks/packed-polygons.js';
export { decodeMask, encodeMask, maskArea, mergeMasks, type RleMask } from './masks/rle-mask.js';
export { cocoMask, type MaskSize, segmentationMask } from './masks/segmentation.js';
export type { CenterSamplingOptions } from './matching/center-sampling.js';
export { type IouMatcherOptions, matchByIou } from './matching/iou-matcher.js';
export type { Assignment, Targets } from './matching/targets.js';
export type {
  DetectionThresholds,
  DetectorConvention,
  DetectorInput,
  DetectorOutput,
} from './model-file/convention.js';
export { type EncodeDetectorOptions, encodeDetector } from './model-file/encode-detector.js';
export { type ExportDetectorOptions, exportDetector } from './model-file/export-detector.js';
export {
  type FileConvention,
  fixedDetections,
  imageDetector,
  modelDetections,
  type RunModel,
  unpastedModelDetections,
} from './model-file/image-detector.js';
export { DETECTOR_FORMAT, readDetectorMetadata } from './model-file/metadata.js';
export { modelFeeds } from './model-file/model-feeds.js';
export { type FeaturePyramidConfig, featurePyramid, nearest } from './necks/feature-pyramid.js';
export { NO_OBJECT } from './objective/batch.js';
export type { EvaluationBatch, EvaluationImages } from './objective/evaluation-images.js';
export { type EvaluatedMasks, evaluateMasks, withCrowdMasks } from './objective/mask-evaluation.js';
export { maskFeeds } from './objective/mask-feeds.js';
export { BACKBONE, type RecalibratedNormsOptions, recalibratedNorms } from './objective/recalibrated-norms.js';
export {
  DETECTION_RECIPES,
  type DetectionRecipe,
  fineTune,
  fromClassifier,
  quick,
  type RecipeName,
  type RecipeOptions,
} from './objective/recipes.js';
export { type Candidates, selectCandidates } from './postprocess/candidates.js';
export {
  type CandidateValues,
  type DetectionOptions,
  type Detections,
  detectionsOf,
} from './postprocess/detections.js';
export {
  type MaskCandidateValues,
  type MaskedDetections,
  maskedDetectionsOf,
  type UnpastedDetections,
  unpastedDetectionsOf,
} from './postprocess/masked-detections.js';
export { classwiseNms, type ScoredBoxes } from './postprocess/nms.js';
export { detectionsOnImage } from './postprocess/on-image.js';
export { pasteMask } from './postprocess/paste-mask.js';
export { suppress } from './postprocess/suppress.js';
export type { Sample, SamplerConfig } from './proposals/balanced-sampler.js';
export { levelOfBox, type RoiPoolConfig } from './proposals/roi-pool.js';
export { matchBoxes, type SampledBoxes } from './proposals/sample-proposals.js';
export { samplingKeys } from './proposals/sampling-keys.js';
export {
  type LevelCandidates,
  type ProposalConfig,
  type Proposals,
  proposalCandidates,
  type RpnOutputs,
} from './proposals/select-proposals.js';
