export {
  BATCH,
  type CaseResult,
  type ConformanceCase,
  type ContractCheck,
  caseProgram,
  conformanceCases,
  contractChecks,
  runCases,
  TOLERANCE,
} from './conformance/index.js';
export {
  type CompareOptions,
  compareGolden,
  type GoldenCase,
  type GoldenFixture,
  type GoldenResult,
  type GoldenTensor,
  goldenFailures,
  goldenReport,
  parseGolden,
} from './golden.js';
export { goldenState, goldenValue } from './golden-values.js';
export { hashed, hashedIntegers, hashedUniform } from './hashed.js';
export { relativeError } from './relative-error.js';
