export { renderReport } from './render-report.js';
export type * from './report-data.js';
export { writeReport } from './write-report.js';
