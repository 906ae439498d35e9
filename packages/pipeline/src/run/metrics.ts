import { existsSync } from 'node:fs';
import { readLines } from '@nats/transfer';

/** A line of `metrics.jsonl`. */
export interface MetricsLine {
  readonly type: string;
  readonly step: number;
  readonly [key: string]: unknown;
}

/**
 * The last line of each type of a run's `metrics.jsonl`, which may have any number of them; one that was cut off by an
 * interruption is left out. None without a file.
 */
export async function lastMetrics(path: string): Promise<ReadonlyMap<string, MetricsLine>> {
  const last = new Map<string, readonly string[]>();
  if (!existsSync(path)) return new Map();
  for await (const lines of readLines(path)) {
    for (const line of lines) {
      const type = typeOf(line);
      if (type !== undefined) last.set(type, [line, ...(last.get(type) ?? []).slice(0, 1)]);
    }
  }
  // A line may end with a brace and still be half of one.
  return new Map(
    [...last].flatMap(([type, lines]) =>
      lines
        .flatMap(parsed)
        .slice(0, 1)
        .map((line) => [type, line]),
    ),
  );
}

/** Whether a run's `metrics.jsonl` has a step. */
export async function hasSteps(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  for await (const lines of readLines(path)) if (lines.some((line) => typeOf(line) === 'step')) return true;
  return false;
}

function parsed(line: string): MetricsLine[] {
  try {
    return [JSON.parse(line) as MetricsLine];
  } catch {
    return [];
  }
}

/** Of a whole line. Parsing millions of lines for one would take minutes: `recordMetrics` writes the type first. */
function typeOf(line: string): string | undefined {
  if (!line.endsWith('}')) return undefined;
  const type = /^\{"type":"([a-z]+)"/.exec(line)?.[1];
  if (type === 'step') return type;
  const stated: unknown = parsed(line)[0]?.type;
  return typeof stated === 'string' ? stated : undefined;
}
