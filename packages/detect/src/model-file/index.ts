export type { DetectionThresholds, DetectorConvention, DetectorInput, DetectorOutput } from './convention.js';
export { type EncodeDetectorOptions, encodeDetector } from './encode-detector.js';
export {
  type FileConvention,
  fixedDetections,
  imageDetector,
  modelDetections,
  type RunModel,
  unpastedModelDetections,
} from './image-detector.js';
export { DETECTOR_FORMAT, readDetectorMetadata } from './metadata.js';
export { modelFeeds } from './model-feeds.js';
