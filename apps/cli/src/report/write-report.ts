import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { renderReport } from './render-report.js';
import type { ReportData } from './report-data.js';

/** Writes the report; the file is there as a whole or not at all. @throws as `renderReport`; IO errors pass through */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  const page = await renderReport(data);
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, page);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
