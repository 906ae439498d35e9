/** What a benchmark hands to `main.ts`: a table to read, and numbers to compare runs by. */
export interface BenchResult {
  readonly name: string;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  /** Lower is better, 1.0 is the reference. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Raw measurements, by name, in the order in which they were taken. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** A benchmark module: `bench/NAME.ts` exports `run`. */
export interface BenchModule {
  run(args: readonly string[]): Promise<BenchResult>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value of `--name value`, or the fallback. */
export function option(args: readonly string[], name: string, fallback: number): number {
  const at = args.indexOf(`--${name}`);
  if (at < 0) return fallback;
  const value = Number(args[at + 1]);
  if (!Number.isFinite(value)) throw new Error(`--${name} takes a number; received ${args[at + 1] ?? 'nothing'}`);
  return value;
}

/** Columns in the order in which rows first name them; numbers with four digits, to the right. */
export function formatTable(rows: BenchResult['rows']): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const text = (value: string | number | undefined) =>
    typeof value === 'number'
      ? Number.isInteger(value)
        ? String(value)
        : String(Number(value.toPrecision(4)))
      : (value ?? '');
  const lines = [columns, ...rows.map((row) => columns.map((column) => text(row[column])))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const right = columns.map((column) => rows.every((row) => typeof row[column] !== 'string'));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Milliseconds that this process has spent on processors: what others do on the machine lengthens it least. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
