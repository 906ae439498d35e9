import { malformed, type NatsError } from '@nats/graph';
import { createThinnedPoints } from '../downsample.js';
import type { ReportSearch, ReportTraining, SearchPoint } from '../report-data.js';

/** Lines of a metrics.jsonl, some at a time: `readLines` of @nats/transfer gives those of a file. */
export type MetricsSource = Iterable<readonly string[]> | AsyncIterable<readonly string[]>;

/**
 * Curves of a training from its metrics.jsonl, as `recordMetrics` of @nats/train writes it. Of more than 100,000 steps,
 * points are means of neighbors.
 * @throws NatsError `malformed` for a line that is no JSON object, but the last
 */
export async function trainingCurves(
  source: MetricsSource,
  file = 'metrics.jsonl',
): Promise<Pick<ReportTraining, 'points'> & { readonly evaluations: NonNullable<ReportTraining['evaluations']> }> {
  const points = createThinnedPoints<ReportTraining['points'][number]>();
  const evaluations: NonNullable<ReportTraining['evaluations']>[number][] = [];
  for await (const line of recordsOf(source, file)) {
    const step = numberOf(line.step);
    if (step === undefined) continue;
    const [loss, learningRate] = [numberOf(line.loss), numberOf(line.learningRate)];
    if (line.type === 'step' && loss !== undefined) {
      points.add({ step, loss, ...(learningRate !== undefined && { learningRate }) });
    }
    if (line.type === 'evaluation' && typeof line.split === 'string') {
      evaluations.push({ step, split: line.split, metrics: numbersOf(line.metrics) });
    }
  }
  return { points: points.all(), evaluations };
}

/** Curves of a search from its metrics.jsonl: losses on both halves, entropy, and from `architecture` lines intensities. */
export async function searchCurves(
  source: MetricsSource,
  file = 'metrics.jsonl',
): Promise<{
  readonly points: readonly SearchPoint[];
  readonly intensities: NonNullable<ReportSearch['intensities']>;
}> {
  const points = createThinnedPoints<SearchPoint>();
  const intensities: NonNullable<ReportSearch['intensities']>[number][] = [];
  for await (const line of recordsOf(source, file)) {
    const step = numberOf(line.step);
    if (step === undefined) continue;
    if (line.type === 'step') {
      const metrics = numbersOf(line.metrics);
      const [weightsLoss, architectureLoss] = [numberOf(line.loss), metrics['architecture/loss']];
      // The architecture's own step comes after the weights' in the same step, so its entropy is the newer.
      const entropy = metrics['architecture/entropy'] ?? metrics.entropy;
      points.add({
        step,
        ...(weightsLoss !== undefined && { weightsLoss }),
        ...(architectureLoss !== undefined && { architectureLoss }),
        ...(entropy !== undefined && { entropy }),
      });
    }
    if (line.type === 'architecture' && isRecord(line.probabilities)) {
      intensities.push({ step, layers: meanShares(line.probabilities) });
    }
  }
  return { points: points.all(), intensities };
}

/**
 * Mean probability of each genotype over the channel groups of a convolution, from what an `architecture` event holds.
 * Convolutions stay in the order of the record, which is that of depth.
 */
export function meanShares(
  probabilities: Readonly<Record<string, unknown>>,
): NonNullable<ReportSearch['intensities']>[number]['layers'] {
  return Object.entries(probabilities).flatMap(([name, groups]) => {
    if (!Array.isArray(groups)) return [];
    const rows = groups.filter((row): row is number[] => Array.isArray(row) && row.every((p) => typeof p === 'number'));
    const genotypes = rows[0]?.length ?? 0;
    if (genotypes === 0) return [];
    const shares = Array.from(
      { length: genotypes },
      (_, g) => rows.reduce((sum, row) => sum + (row[g] ?? 0), 0) / rows.length,
    );
    return [{ name, shares }];
  });
}

type Line = Readonly<Record<string, unknown>>;

/** A last line that a killed run left half-written is left out; broken ones before it are an error. */
async function* recordsOf(source: MetricsSource, file: string): AsyncGenerator<Line, void, void> {
  let number = 0;
  let broken: { readonly number: number; readonly text: string } | undefined;
  for await (const lines of source) {
    for (const text of lines) {
      number++;
      if (text.trim() === '') continue;
      if (broken) throw noRecord(file, broken);
      const value = parsed(text);
      if (value) yield value;
      else broken = { number, text };
    }
  }
  // An array or a number is whole, and no line that a run writes.
  if (broken && isJson(broken.text)) throw noRecord(file, broken);
}

function noRecord(file: string, { number, text }: { readonly number: number; readonly text: string }): NatsError {
  return malformed(file, `line ${number}`, { rule: 'a line is a JSON object', received: text.slice(0, 60) });
}

function parsed(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Finite ones only: `recordMetrics` writes others as text. */
function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function numbersOf(value: unknown): Record<string, number> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => numberOf(entry[1]) !== undefined),
  );
}

function isRecord(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
