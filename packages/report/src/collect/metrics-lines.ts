import { malformed } from '@nats/graph';
import type { ReportSearch, ReportTraining, SearchPoint } from '../report-data.js';

/** Curves of a training from its metrics.jsonl, as `recordMetrics` of @nats/train writes it. */
export function trainingCurves(
  text: string,
  file = 'metrics.jsonl',
): Pick<ReportTraining, 'points'> & { readonly evaluations: NonNullable<ReportTraining['evaluations']> } {
  const lines = linesOf(text, file);
  return {
    points: lines.flatMap((line) => {
      if (line.type !== 'step') return [];
      const [step, loss, learningRate] = [numberOf(line.step), numberOf(line.loss), numberOf(line.learningRate)];
      if (step === undefined || loss === undefined) return [];
      return [{ step, loss, ...(learningRate !== undefined && { learningRate }) }];
    }),
    evaluations: lines.flatMap((line) => {
      const step = numberOf(line.step);
      if (line.type !== 'evaluation' || step === undefined || typeof line.split !== 'string') return [];
      return [{ step, split: line.split, metrics: numbersOf(line.metrics) }];
    }),
  };
}

/** Curves of a search from its metrics.jsonl: losses on both halves, entropy, and from `architecture` lines intensities. */
export function searchCurves(
  text: string,
  file = 'metrics.jsonl',
): { readonly points: readonly SearchPoint[]; readonly intensities: NonNullable<ReportSearch['intensities']> } {
  const lines = linesOf(text, file);
  return {
    points: lines.flatMap((line) => {
      const step = numberOf(line.step);
      if (line.type !== 'step' || step === undefined) return [];
      const metrics = numbersOf(line.metrics);
      const [weightsLoss, architectureLoss] = [numberOf(line.loss), metrics['architecture/loss']];
      // The architecture's own step comes after the weights' in the same step, so its entropy is the newer.
      const entropy = metrics['architecture/entropy'] ?? metrics.entropy;
      return [
        {
          step,
          ...(weightsLoss !== undefined && { weightsLoss }),
          ...(architectureLoss !== undefined && { architectureLoss }),
          ...(entropy !== undefined && { entropy }),
        },
      ];
    }),
    intensities: lines.flatMap((line) => {
      const step = numberOf(line.step);
      if (line.type !== 'architecture' || step === undefined || !isRecord(line.probabilities)) return [];
      return [{ step, layers: meanShares(line.probabilities) }];
    }),
  };
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
function linesOf(text: string, file: string): Line[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.flatMap((line, i) => {
    try {
      const value: unknown = JSON.parse(line);
      if (isRecord(value)) return [value];
    } catch (error) {
      if (i === lines.length - 1 && !text.endsWith('\n')) return [];
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw malformed(file, `line ${i + 1}`, { rule: 'a line is a JSON object', received: line.slice(0, 60) });
  });
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
