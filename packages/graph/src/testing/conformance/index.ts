import type { ConformanceCase } from './case.js';
import { convolutionCases } from './cases/convolution.js';
import { detectionCases } from './cases/detection.js';
import { elementwiseCases } from './cases/elementwise.js';
import { indexingCases } from './cases/indexing.js';
import { layoutCases } from './cases/layout.js';
import { normalizationCases } from './cases/normalization.js';
import { poolingCases } from './cases/pooling.js';
import { reductionCases } from './cases/reduction.js';
import { stateCases } from './cases/state.js';

export { BATCH, type ConformanceCase, TOLERANCE } from './case.js';
export { type ContractCheck, contractChecks } from './contract.js';
export { finiteDifferenceErrors } from './finite-differences.js';
export { type CaseResult, caseProgram, opsOf, runCases } from './run-cases.js';

/** What every engine must compute: each op, its gradient, and the awkward shapes and values. */
export function conformanceCases(): ConformanceCase[] {
  return [
    ...elementwiseCases(),
    ...layoutCases(),
    ...reductionCases(),
    ...indexingCases(),
    ...convolutionCases(),
    ...poolingCases(),
    ...normalizationCases(),
    ...detectionCases(),
    ...stateCases(),
  ];
}
