export { encodeModel, type GraphEnds, type Precision } from './assemble-model.js';
export { lowerComposed } from './composed.js';
export { checkValues, type EncodeOptions, encodeProgram, programModel, updateName } from './encode-program.js';
export { type ContextOf, type Lowering, type LoweringContext, type Lowerings, lower, lowerDirect } from './lowering.js';
export { lowerPortably, portableLowerings } from './lowerings/index.js';
export {
  type Attribute,
  createOnnxBuilder,
  ONNX_DATA_TYPE,
  ONNX_TYPE,
  type OnnxBuilder,
  type ValueType,
} from './onnx-builder.js';
export { type ModelDescription, type ModelValue, readModel } from './read-model.js';
export { type ModelNode, readNodes } from './read-nodes.js';
export {
  type Agreement,
  type AgreementOptions,
  compareDetections,
  type DetectionSet,
  FULL_AGREEMENT,
  joinAgreements,
} from './verify/agreement.js';
export type { Difference } from './verify/differences.js';
export { compareLatency, formatLatencies, type Latency, type LatencyOptions } from './verify/latency.js';
export {
  DEFAULT_TOLERANCE,
  FLOAT16_TOLERANCE,
  formatVerification,
  type RunResult,
  type Verification,
  type VerificationTolerance,
  type VerifyOptions,
  verify,
} from './verify/verify.js';
export { IR_VERSION, OPSET_VERSION } from './versions.js';
export { type ProgramEnds, writeProgram } from './write-program.js';
