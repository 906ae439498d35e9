import type { DecodedImage } from '@nats/detect';
import { compareLatency, type Latency } from '@nats/export';
import type { OpenDetector } from '../model/open-detector.js';
import { textTable } from '../text-table.js';

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

/** What was measured, a model on a line. */
export function benchTable(models: readonly OpenDetector[], latencies: readonly ModelLatency[]): string {
  const rows = latencies.map(({ single: { median, p10, p90, ratio }, imagesPerSecond }, i) => [
    models[i]!.path,
    median.toFixed(2),
    `${p10.toFixed(2)} to ${p90.toFixed(2)}`,
    ratio.toFixed(3),
    imagesPerSecond.toFixed(1),
    String(Math.round(models[i]!.bytes / 1000)),
  ]);
  const throughput = `images/s, batch ${latencies[0]!.batchSize}`;
  return textTable([['model', 'ms, median', '10 to 90 %', 'to the first', throughput, 'kB'], ...rows]);
}
