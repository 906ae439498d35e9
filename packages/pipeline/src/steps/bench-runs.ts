import { join } from 'node:path';
import { writeJson } from '../files/write-atomic.js';
import { configRuntime } from '../model/model-engines.js';
import { noise } from '../model/noise.js';
import { openDetector } from '../model/open-detector.js';
import { RUN_FILES } from '../run/run-files.js';
import { type BenchOptions, benchModels, type ModelLatency } from './bench.js';
import type { StepContext } from './context.js';

/**
 * Times the exported files of runs in turn, on noise, by the engine of the settings, and keeps in each run what was measured.
 * @param folders of runs; the first is what others are compared with
 * @returns in their order
 */
export async function benchRuns(
  { config, signal, progress }: StepContext,
  folders: readonly string[],
  { rounds, batchSize }: Pick<BenchOptions, 'rounds' | 'batchSize'>,
): Promise<ModelLatency[]> {
  const models = [];
  const runtime = await configRuntime(config.engine);
  try {
    for (const folder of folders) models.push(await openDetector(join(folder, RUN_FILES.model), runtime));
    const update = (done: number, of: number) => progress.update(`  round ${done} of ${of}`);
    const latencies = await benchModels(models, noise(models[0]!.convention), { rounds, batchSize, signal, update });
    for (const [i, folder] of folders.entries()) await writeJson(join(folder, RUN_FILES.latency), latencies[i]);
    return latencies;
  } finally {
    for (const model of models) await model.close();
  }
}
