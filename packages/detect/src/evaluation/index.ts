export * from './coco-format.js';
export * from './evaluate-detections.js';
export * from './evaluate-files.js';
export * from './parameters.js';
export * from './summarize.js';
export * from './voc.js';
