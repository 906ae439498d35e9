export { createProgram, type ProgramParts } from './create-program.js';
export {
  batchOfFeeds,
  checkFeeds,
  checkFinite,
  checkProgramState,
  checkStateValues,
  disposedError,
  EMPTY_SPEC,
  type Engine,
  type Executable,
  type Feeds,
  type State,
  unknownVariableError,
} from './engine.js';
export { check, type ErrorCode, type ErrorDetails, malformed, NatsError } from './errors.js';
export { yieldToEventLoop } from './event-loop.js';
export { gradients } from './gradients.js';
export { type ConvolutionLayerOptions, convolution, convolutionWeight } from './layers/convolution.js';
export { linear } from './layers/linear.js';
export { crossEntropy } from './layers/losses.js';
export { type BatchNormOptions, batchNorm, groupNorm } from './layers/normalization.js';
export {
  apply,
  applyAll,
  defineOp,
  type Each,
  type GradientContext,
  type Op,
  type OpDefinition,
  type OutputGradients,
} from './op.js';
export { type BatchNormAttributes, batchNormGradOp, batchNormTraining, batchNormTrainingOp } from './ops/batch-norm.js';
export {
  add,
  addOp,
  and,
  andOp,
  divide,
  divideOp,
  equal,
  equalOp,
  greater,
  greaterEqual,
  greaterEqualOp,
  greaterOp,
  less,
  lessEqual,
  lessEqualOp,
  lessOp,
  maximum,
  maximumOp,
  minimum,
  minimumOp,
  multiply,
  multiplyOp,
  type Operand,
  or,
  orOp,
  power,
  powerOp,
  subtract,
  subtractOp,
  toTensor,
} from './ops/binary.js';
export { broadcastShapes } from './ops/broadcast.js';
export { cast, castOp, stopGradient, stopGradientOp } from './ops/cast.js';
export {
  type ChannelDilationAttributes,
  type ChannelDilationOptions,
  channelDilationGradInputOp,
  channelDilationGradWeightOp,
  conv2dByChannelDilation,
  conv2dByChannelDilationOp,
} from './ops/channel-dilation.js';
export { concat, concatOp, type SplitAttributes, split, splitOp, stack } from './ops/concat.js';
export {
  type ConvolutionAttributes,
  type ConvolutionGradientAttributes,
  type ConvolutionOptions,
  conv2d,
  conv2dOp,
  convGradInput,
  convGradInputOp,
  convGradWeight,
  convGradWeightOp,
  convolutionAttributes,
  convolutionOutputSize,
  type Padding,
  type Pair,
} from './ops/convolution.js';
export { argMax, argMaxOp, cumulativeSum, gather, gatherOp, oneHot, topK, topKOp } from './ops/indexing.js';
export { finiteMask, finiteMaskOp, nanMask, nanMaskOp, notEqual, reduceAll, reduceAny } from './ops/logic.js';
export { type MatMulAttributes, matMul, matMulOp } from './ops/matmul.js';
export { type NmsAttributes, type NmsOptions, nms, nmsOp } from './ops/nms.js';
export {
  type AveragePoolingAttributes,
  type AveragePoolingOptions,
  averagePool2d,
  averagePool2dOp,
  globalAveragePool,
  maxPool2d,
  maxPool2dOp,
  maxPoolGradOp,
  type PoolingAttributes,
  type PoolingOptions,
} from './ops/pooling.js';
export {
  type PyramidRoiAlignAttributes,
  type PyramidRoiAlignGradAttributes,
  type PyramidRoiAlignOptions,
  pyramidRoiAlign,
  pyramidRoiAlignGradOp,
  pyramidRoiAlignOp,
} from './ops/pyramid-roi-align.js';
export {
  type ReductionAttributes,
  type ReductionOptions,
  reduceMax,
  reduceMaxOp,
  reduceMean,
  reduceMin,
  reduceSum,
  reduceSumOp,
} from './ops/reduction.js';
export { broadcastTo, broadcastToOp, flatten, reshape, reshapeOp, transpose, transposeOp } from './ops/reshape.js';
export { type ResizeAttributes, resizeBilinear, resizeBilinearOp, upsampleNearest } from './ops/resize.js';
export {
  type RoiAlignAttributes,
  type RoiAlignGradAttributes,
  type RoiAlignOptions,
  roiAlign,
  roiAlignGradOp,
  roiAlignOp,
} from './ops/roi-align.js';
export { select, selectOp } from './ops/select.js';
export {
  type PadAttributes,
  pad,
  padOp,
  reverse,
  reverseOp,
  type SliceAttributes,
  slice,
  sliceAxis,
  sliceOp,
} from './ops/slice.js';
export { logSoftmax, logSoftmaxOp, softmax, softmaxOp } from './ops/softmax.js';
export {
  constant,
  constantOp,
  fill,
  type InputAttributes,
  input,
  inputOp,
  range,
  scalar,
  variable,
  variableOp,
} from './ops/source.js';
export { takeAlongAxis, takeAlongAxisOp } from './ops/take-along-axis.js';
export {
  abs,
  absOp,
  atan,
  atanOp,
  ceil,
  ceilOp,
  clip,
  exp,
  expOp,
  floor,
  floorOp,
  log,
  logOp,
  negate,
  negateOp,
  not,
  notOp,
  reciprocal,
  reciprocalOp,
  relu,
  reluGrad,
  reluGradOp,
  reluOp,
  round,
  roundOp,
  sigmoid,
  sigmoidOp,
  sign,
  signOp,
  softplus,
  softplusOp,
  sqrt,
  sqrtOp,
  square,
  squareOp,
  step,
  tanh,
  tanhOp,
} from './ops/unary.js';
export { foldBatchNorm } from './passes/fold-batch-norm.js';
export { foldVariables } from './passes/fold-variables.js';
export type { FrozenProgram } from './passes/freeze-variables.js';
export { assemble, ends, mapEnds, type Program } from './program.js';
export { hash32, hashNormal, hashUniform, seedOf } from './random.js';
export { evaluate, referenceEngine } from './reference-engine.js';
export {
  createScope,
  type NormalizationMode,
  type Scope,
  type ScopeOptions,
  type StatisticRule,
  variableName,
} from './scope.js';
export { withScopePath } from './scope-path.js';
export {
  fanInUniform,
  type Initializer,
  initialize,
  kaimingNormal,
  mergeSpecs,
  ones,
  type StateSpec,
  type VariableKind,
  type VariableSpec,
  zeros,
} from './state-spec.js';
export {
  type Dimension,
  formatShape,
  formatType,
  type Node,
  type Shape,
  sameShape,
  type Tensor,
  type TensorType,
} from './tensor.js';
export {
  allocate,
  BYTES_PER_ELEMENT,
  type DType,
  type NumericArray,
  sizeOf,
  stridesOf,
  type TensorData,
  tensorData,
} from './tensor-data.js';
export { copyNode, rewrite } from './traversal.js';
