import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, getPriority, loadavg } from 'node:os';

/** A table of a document, in docs/results (scripts/tables.mjs). */
export interface Summary {
  readonly command: string;
  /** Of the last run, where it is not a column. */
  readonly machine?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** From this niceness on others get next to nothing of a processor that is wanted here. */
export const FIRST_SERVED = -10;

/**
 * Load of two processors and more says that others were at work; where they have to wait (`nice -n -15 npm run bench`, as root)
 * they disturb by caches and memory alone.
 */
export function machineNow(): string {
  const load = loadavg()[0]!;
  const before =
    getPriority() <= FIRST_SERVED ? `others wait (nice ${getPriority()})` : `busy: load ${load.toFixed(0)}`;
  return `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} processors, ${load > 1.5 ? before : 'quiet'}`;
}

const inLine = (row: readonly unknown[]) => `[${row.map((cell) => JSON.stringify(cell)).join(', ')}]`;

/** Writes a table; rows of the same first cell are replaced, others stay. */
export function writeSummary(file: string, { command, machine, columns, rows }: Summary): void {
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Summary).rows : [];
  const own = new Set(rows.map(([name]) => name));
  const all = [...known.filter(([name]) => !own.has(name!)), ...rows];
  const lines = all.map((row) => `    ${inLine(row)}`).join(',\n');
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const head = Object.entries({ command, commit, ...(machine !== undefined && { machine }), columns }).map(
    ([key, value]) => `  "${key}": ${Array.isArray(value) ? inLine(value) : JSON.stringify(value)}`,
  );
  writeFileSync(file, `{\n${head.join(',\n')},\n  "rows": [\n${lines}\n  ]\n}\n`);
}

/** The file after `--summary`. */
export function summaryOption(args: readonly string[]): string | undefined {
  const at = args.indexOf('--summary');
  if (at < 0) return undefined;
  const file = args[at + 1];
  if (file === undefined || file.startsWith('--')) throw new Error('--summary takes the file to write');
  return file;
}
