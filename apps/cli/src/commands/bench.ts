import { join } from 'node:path';
import { readImage } from '@nats/detect';
import {
  accuracyOf,
  benchModels,
  benchTable,
  isRun,
  logCommand,
  type ModelLatency,
  modelFile,
  modelRuntime,
  NEXT,
  noise,
  type OpenDetector,
  openDetector,
  RUN_FILES,
  withInterruption,
  writeJson,
} from '@nats/pipeline';
import type { Command } from 'commander';
import { printLines } from '../output.js';
import { streamProgress } from '../progress.js';
import { addModelEngineFlag, countingNumber, printJson, tellNext, thisCommand } from './shared.js';

interface BenchFlags {
  readonly image?: string;
  readonly rounds: number;
  readonly batchSize: number;
  readonly threads: number;
  readonly engine: string;
  readonly json?: true;
}

/** `nats bench`: exported models side by side. */
export function benchCommand(program: Command): void {
  addModelEngineFlag(program.command('bench'))
    .summary('Latency and throughput of exported models, side by side')
    .description('Latency and throughput of exported models, in turn in one process')
    .argument('<models...>', 'ONNX files of nats export, or their runs')
    .option('--image <file>', 'what is detected on (default: noise of the size that the detector sees)')
    .option('--rounds <number>', 'runs of each model', countingNumber, 60)
    .option('--batch-size <number>', 'images at a time for the throughput', countingNumber, 8)
    .option('--threads <number>', 'intra-op threads', countingNumber, 2)
    .option(
      '--json',
      'print as JSON: a list of {model, bytes, AP of evaluated runs, single: {median, p10, p90, ratio}, several, batchSize, imagesPerSecond}',
    )
    .addHelpText('after', '\nExample:\n  $ nats bench runs/original runs/transformed')
    .action(run);
}

async function run(
  paths: readonly string[],
  { image: file, rounds, batchSize, threads, engine, json }: BenchFlags,
): Promise<void> {
  const models: OpenDetector[] = [];
  const progress = streamProgress(process.stderr);
  try {
    const runtime = await modelRuntime(threads, engine);
    for (const path of paths) models.push(await openDetector(modelFile(path), runtime));
    const { channels } = models[0]!.convention.input;
    const image =
      file === undefined ? noise(models[0]!.convention) : await readImage(file, { channels: channels === 1 ? 1 : 3 });
    const update = (done: number, of: number) => progress.update(`  round ${done} of ${of}`);
    const latencies = await withInterruption('stopped', (signal) =>
      benchModels(models, image, { rounds, batchSize, signal, update }),
    );
    progress.line(
      `  ${rounds} rounds, ${threads} threads, ${runtime.providers!.join(' and ')}, ${image.width} x ${image.height} pixels`,
    );
    const accuracies = await Promise.all(paths.map(accuracyOf));
    if (json)
      printJson(
        latencies.map((latency, i) => {
          const AP = accuracies[i];
          return { model: models[i]!.path, bytes: models[i]!.bytes, ...(AP !== undefined && { AP }), ...latency };
        }),
      );
    else printLines(benchTable(models, latencies, accuracies));
    // After that: what was measured is not lost where nothing may be written.
    await Promise.all(paths.map((path, i) => keep(path, latencies[i]!)));
    tellNext(NEXT.bench(paths));
  } finally {
    for (const model of models) await model.close();
  }
}

/** In the run that a model belongs to, for its report. */
async function keep(path: string, latency: ModelLatency): Promise<void> {
  if (!isRun(path)) return;
  await writeJson(join(path, RUN_FILES.latency), latency);
  await logCommand(path, thisCommand());
}
