export { encodeModel, type GraphEnds } from './assemble-model.js';
export { lowerComposed } from './composed.js';
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
export {
  type Attribute,
  createOnnxBuilder,
  ONNX_DATA_TYPE,
  ONNX_TYPE,
  type OnnxBuilder,
  type ValueType,
} from './onnx-builder.js';
export * from './read-model.js';
export * from './verify/index.js';
export * from './versions.js';
export { type ProgramEnds, writeProgram } from './write-program.js';
