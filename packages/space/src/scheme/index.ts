export { type Agreement, type SchemeAgreement, schemeAgreement } from './agreement.js';
export { type ConvolutionDifference, compareSchemes, type SchemeComparison } from './compare.js';
export { schemeFromJson, schemeToJson } from './json.js';
export { type PatternExport, type PatternImport, schemeFromPatterns, schemeToPatterns } from './pattern-file.js';
export {
  checkSchemeFits,
  createScheme,
  keepsOriginal,
  type Provenance,
  type Scheme,
  type SchemeParts,
} from './scheme.js';
export { type SchemeRow, schemeRows, summarizeScheme } from './summary.js';
export { checkWeightsScheme, schemeMetadata } from './weights-scheme.js';
