export * from './convention.js';
export * from './encode-detector.js';
export { DETECTOR_FORMAT, readDetectorMetadata } from './metadata.js';
