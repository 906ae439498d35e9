import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DecodedImage } from '@nats/detect';
import { compareLatency, type Latency } from '@nats/export';
import type { OpenDetector } from '../model/open-detector.js';
import { isRun } from '../run/run-directory.js';
import { RUN_FILES } from '../run/run-files.js';
import { textTable } from '../text-table.js';
import { readEvaluation } from './evaluate.js';

/** How long a model takes. */
export interface ModelLatency {
  /** For one image. */
  readonly single: Latency;
  /** For `batchSize` images at a time. */
  readonly several: Latency;
  readonly batchSize: number;
  readonly imagesPerSecond: number;
}

export interface BenchOptions {
  /** Runs of each model with one image. */
  readonly rounds: number;
  /** Images at a time for the throughput. */
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly update?: (done: number, of: number) => void;
}

/** Times models in turn, so that what else the machine does strikes all alike. The first is what others are compared with. */
export async function benchModels(
  models: readonly OpenDetector[],
  image: DecodedImage,
  { rounds, batchSize, signal, update }: BenchOptions,
): Promise<ModelLatency[]> {
  const time = (count: number, options: Partial<BenchOptions>) => {
    const images = new Array<DecodedImage>(count).fill(image);
    // Numbers keep their order as keys.
    const runs = models.map((model, i) => {
      const prepared = model.prepare(images);
      return [String(i), () => prepared()] as const;
    });
    return compareLatency<string>(Object.fromEntries(runs), { signal, ...options });
  };
  const single = await time(1, { rounds, ...(update && { update }) });
  const several = await time(batchSize, { rounds: Math.max(3, Math.ceil(rounds / batchSize)) });
  return models.map((_, i) => ({
    single: single[i]!,
    several: several[i]!,
    batchSize,
    imagesPerSecond: (1000 * batchSize) / several[i]!.median,
  }));
}

/**
 * What was measured, a model on a line.
 * @param accuracies AP of each, 0 to 1, where it is known; a column only if it is of any
 */
export function benchTable(
  models: readonly OpenDetector[],
  latencies: readonly ModelLatency[],
  accuracies: readonly (number | undefined)[] = [],
): string {
  const known = accuracies.some((ap) => ap !== undefined);
  const ap = (i: number) => (accuracies[i] === undefined ? '-' : (100 * accuracies[i]).toFixed(1));
  const rows = latencies.map(({ single: { median, p10, p90, ratio }, imagesPerSecond }, i) => [
    models[i]!.path,
    ...(known ? [ap(i)] : []),
    median.toFixed(2),
    `${p10.toFixed(2)} to ${p90.toFixed(2)}`,
    ratio.toFixed(3),
    imagesPerSecond.toFixed(1),
    String(Math.round(models[i]!.bytes / 1000)),
  ]);
  const throughput = `images/s, batch ${latencies[0]!.batchSize}`;
  return textTable([
    ['model', ...(known ? ['AP'] : []), 'ms, median', '10 to 90 %', 'to the first', throughput, 'kB'],
    ...rows,
  ]);
}

/** AP of a run that was evaluated. @param path of a run, or of anything else, which has none */
export async function accuracyOf(path: string): Promise<number | undefined> {
  const file = join(path, RUN_FILES.evaluation);
  if (!isRun(path) || !existsSync(file)) return undefined;
  const { stats } = await readEvaluation(file);
  return stats[0]! >= 0 ? stats[0] : undefined;
}
