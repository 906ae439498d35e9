import { writeWhole } from '../write-whole.js';
import { renderReport } from './render-report.js';
import type { ReportData } from './report-data.js';

/** Writes the report; the file is there as a whole or not at all. @throws as `renderReport`; IO errors pass through */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  await writeWhole(path, await renderReport(data));
}
