import { type ReportData, renderReport } from '@nats/report';
import { writeWhole } from '../files/write-whole.js';

/** Writes the report; the file is there as a whole or not at all. @throws as `renderReport`; IO errors pass through */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  await writeWhole(path, await renderReport(data));
}
