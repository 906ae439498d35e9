export * from './composed.js';
export * from './detector/index.js';
export * from './encode-program.js';
export * from './lowering.js';
export { portableLowerings } from './lowerings/index.js';
export { type Attribute, ONNX_TYPE, type OnnxBuilder } from './onnx-builder.js';
export * from './read-model.js';
export * from './verify/index.js';
export * from './versions.js';
