/** Everything that needs no file system: this entry bundles for browsers. */

export { type DetectedFormat, detectFormat } from './detect-format.js';
export { isWeightName } from './download/is-weight-name.js';
export { DEFAULT_LIMITS, type Limits } from './limits.js';
export type { Rules } from './mapping/choose-rules.js';
export {
  type DetectorMapOptions,
  mapDetectorWeights,
  type WeightScope,
} from './mapping/map-detector-weights.js';
export { EXPECTED_DIFFERENCES, type ExpectedWeight, type MapOptions, mapWeights } from './mapping/map-weights.js';
export {
  formatReport,
  type LoadedWeight,
  type MismatchedWeight,
  type ReshapedWeight,
  type WeightDifferences,
  type WeightReport,
} from './mapping/report.js';
export { RULE_SETS, type RuleSet, type RuleSetName } from './mapping/rule-sets.js';
export type { MapRule, WeightRules } from './mapping/rules.js';
export { parseNpy, parseNpz } from './npy.js';
export { type OnnxOptions, onnxExternalFiles, parseOnnx } from './onnx/index.js';
export { type ParseWeightsOptions, parseWeights } from './parse-weights.js';
export { isInertGlobal } from './pickle/inert.js';
export { printable } from './printable.js';
export { type PickleOptions, parsePickle, parsePytorch } from './pytorch/index.js';
export { parseSafetensors } from './safetensors.js';
export { encodeSafetensors, layoutSafetensors, type SafetensorsParts } from './safetensors-encode.js';
export type { ParseOptions } from './source.js';
export { parseTfjs, type TfjsOptions, tfjsShards } from './tfjs/index.js';
export type { WeightFormat, Weights } from './weights.js';
