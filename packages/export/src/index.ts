export { lowerComposed } from './composed.js';
export * from './detector/index.js';
export * from './encode-program.js';
export {
  type ContextOf,
  type Lowering,
  type LoweringContext,
  type Lowerings,
  lower,
  lowerDirect,
} from './lowering.js';
export { lowerPortably, portableLowerings } from './lowerings/index.js';
export { type Attribute, ONNX_TYPE, type OnnxBuilder } from './onnx-builder.js';
export * from './read-model.js';
export * from './verify/index.js';
export * from './versions.js';
