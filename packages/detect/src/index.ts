export * from './augment/index.js';
export * from './boxes/anchors.js';
export * from './boxes/box-coder.js';
export * from './boxes/pairwise-iou.js';
export * from './data/index.js';
export * from './detectors/index.js';
export * from './draw/index.js';
export * from './evaluation/index.js';
export * from './heads/box-head.js';
export * from './heads/fcos-head.js';
export * from './heads/mask-head.js';
export * from './heads/retinanet-head.js';
export * from './heads/rpn-head.js';
export * from './heads/tower.js';
export {
  buildDetector,
  DETECTOR_KINDS,
  DETECTORS,
  type DetectorContext,
  type DetectorKind,
  type DetectorKindName,
  type DetectorSettings,
  detectorConfigOf,
  detectorSchema,
  givesMasks,
} from './kinds/index.js';
export * from './loader/index.js';
export * from './losses/box-losses.js';
export * from './losses/focal-loss.js';
export * from './masks/index.js';
export * from './matching/centre-sampling.js';
export * from './matching/iou-matcher.js';
export * from './matching/targets.js';
export * from './model-file/index.js';
export * from './necks/feature-pyramid.js';
export * from './objective/batch.js';
export * from './objective/detection.js';
export * from './objective/evaluate-detector.js';
export * from './objective/mask-evaluation.js';
export * from './objective/mask-feeds.js';
export * from './objective/recalibrated-norms.js';
export * from './objective/recipes.js';
export * from './postprocess/box-candidates.js';
export * from './postprocess/candidates.js';
export * from './postprocess/detections.js';
export * from './postprocess/masked-detections.js';
export * from './postprocess/nms.js';
export * from './postprocess/on-image.js';
export * from './postprocess/paste-mask.js';
export * from './postprocess/suppress.js';
export * from './proposals/balanced-sampler.js';
export * from './proposals/roi-pool.js';
export * from './proposals/sample-proposals.js';
export * from './proposals/sampling-keys.js';
export * from './proposals/select-proposals.js';
