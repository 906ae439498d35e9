export {
  reportEvaluation,
  reportFields,
  reportObjects,
  reportScheme,
} from './collect/from-packages.js';
export { type MetricsSource, meanShares, searchCurves, trainingCurves } from './collect/metrics-lines.js';
export { dataUri } from './data-table.js';
export { renderReport } from './render-report.js';
export type * from './report-data.js';
export { type Difference, difference, type Seeded, type Spread, spread } from './statistics.js';
export { renderWatch, type WatchContent, type WatchedRun, watchPage } from './watch-page.js';
