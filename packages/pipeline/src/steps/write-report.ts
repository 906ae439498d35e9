import { type ReportData, renderReport } from '@nats/report';
import { writeAtomic } from '../files/write-atomic.js';

/** Writes the report; the file is there as a whole or not at all. @throws as `renderReport`; IO errors pass through */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  await writeAtomic(path, await renderReport(data));
}
