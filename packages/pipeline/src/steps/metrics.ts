import { readFile } from 'node:fs/promises';

/** A line of `metrics.jsonl`. */
export interface MetricsLine {
  readonly type: string;
  readonly step: number;
  readonly [key: string]: unknown;
}

/** The lines of a run's `metrics.jsonl`; one that was cut off by an interruption is left out. None without a file. */
export async function readMetrics(path: string): Promise<MetricsLine[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value as MetricsLine] : [];
    } catch {
      return [];
    }
  });
}
