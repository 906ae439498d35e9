import { join, resolve } from 'node:path';
import { STAT_NAMES } from '@nats/detect';
import {
  benchRuns,
  type ComparedDetector,
  candidatesProgram,
  claim,
  comparisonTable,
  evaluate,
  exportRun,
  openTask,
  pretrainRun,
  RUN_FILES,
  reportData,
  type StepContext,
  searchRun,
  type TrainedRun,
  trainRun,
  verifyRun,
  writeAtomic,
  writeJson,
  writeReport,
} from '@nats/pipeline';
import { programCosts, summarizeScheme } from '@nats/space';
import type { DemoTask } from './demo-config.js';
import { withDemoTable } from './latency-budget.js';
import { DEMO_PARTS } from './parts.js';

export interface DemoOptions {
  readonly folder: string;
  /** Runs of each written file when they are timed. */
  readonly rounds: number;
  /** Whether AP is compared, in the table and in the report: not after too few steps for a difference to mean anything. */
  readonly compare: boolean;
  /** In the report's title. */
  readonly task: DemoTask;
}

export interface DemoResult {
  readonly original: ComparedDetector;
  readonly transformed: ComparedDetector;
  readonly table: string;
  /** The page. */
  readonly report: string;
}

/**
 * The whole method on digits that lie on textures, by the steps of the other commands: pretrain, search, decode a scheme,
 * train the detector without and with it alike, evaluate, export, verify, time, report. Every step has a run directory of its
 * own in the folder, and what is done is not done again.
 * @throws the signal's reason; UsageError if the folder belongs to other settings; Error if an exported file differs from its
 * detector
 */
export async function runDemo(
  context: StepContext,
  { folder, rounds, compare, task: name }: DemoOptions,
): Promise<DemoResult> {
  const { progress, config: base } = context;
  const [pretrainFolder, searchFolder, ...variantFolders] = DEMO_PARTS.map((name) => join(folder, name));
  await claim(context, folder, 'demo', { ...base, engine: undefined, export: undefined });

  progress.line(`1 Pretrain a classifier of digits (${base.pretrain.steps} steps)`);
  await pretrainRun(context, pretrainFolder!);

  const weights = { ...base.weights, file: resolve(pretrainFolder!) };
  const config = await withDemoTable({ ...base, weights }, resolve(folder));
  const own = { ...context, config };
  const task = await openTask(config);
  progress.line(`2 Search dilations on two halves of the training images (${base.search.steps} steps)`);
  const scheme = await searchRun(own, searchFolder!, task);
  progress.line(summarizeScheme(scheme, task.backbone));

  progress.line(`3 Train the original and the transformed detector alike (${base.train.steps} steps each)`);
  const variants: TrainedRun[] = [];
  for (const [i, variant] of variantFolders.entries()) {
    variants.push(await trainRun(own, variant, i === 0 ? undefined : scheme, { task, title: DEMO_PARTS[i + 2]! }));
  }

  progress.line(`4 Evaluate both on ${task.val.records.length} test images`);
  const metrics: Record<string, number>[] = [];
  for (const variant of variants) {
    const { stats } = await evaluate(own, task, variant.weights, variant.scheme, variant.folder);
    metrics.push(Object.fromEntries(STAT_NAMES.map((name, i) => [name, stats[i]!])));
  }

  progress.line('5 Export both as ONNX and compare the files with what was trained');
  const sizes: number[] = [];
  for (const variant of variants) sizes.push(await exported(own, variant));

  progress.line('6 Time both files in turn');
  const latencies = await benchRuns(own, variantFolders, { rounds, batchSize: 8 });
  const [original, transformed] = variants.map((variant, i): ComparedDetector => {
    const { program, spec } = candidatesProgram(task, variant.scheme, 1);
    const { parameters, macs } = programCosts(program, spec);
    return { metrics: metrics[i]!, parameters, macs, bytes: sizes[i]!, milliseconds: latencies[i]!.single.median };
  }) as [ComparedDetector, ComparedDetector];
  const table = comparisonTable(original, transformed, { accuracy: compare });
  await writeAtomic(join(folder, 'table.txt'), `${table}\n`);
  await writeJson(join(folder, 'result.json'), { original, transformed });

  progress.line('7 Write the report');
  const report = join(folder, RUN_FILES.report);
  const page = {
    engine: context.engine,
    signal: context.signal,
    title: `nats demo: ${name === 'digits' ? 'digits' : 'wide digits'} on textures`,
  };
  const data = await reportData([...variantFolders, searchFolder!, pretrainFolder!], page);
  await writeReport(report, compare ? data : withoutAccuracy(data));
  return { original, transformed, table, report };
}

type Page = Awaited<ReturnType<typeof reportData>>;

/** What was too short to be compared: the report says why it has no AP. */
function withoutAccuracy(data: Page): Page {
  const variants = (data.variants ?? []).map(({ evaluations: _, ...variant }) => variant);
  return { ...data, variants, samples: [], caveats: [...(data.caveats ?? []), TOO_SHORT] };
}

/** Of a quick demonstration. */
export const TOO_SHORT =
  'AP is not compared: after so few steps neither detector has learned its task, and a difference says nothing about dilations. It shows that every step works; without --quick it compares.';

/** @returns the size of the file */
async function exported(context: StepContext, variant: TrainedRun): Promise<number> {
  const path = join(variant.folder, RUN_FILES.model);
  const size = await exportRun(variant, path);
  const { agreement, values, passed, problems } = await verifyRun(context, variant);
  const scores = values.scores!.relative.toExponential(1);
  const { detections = 0, missing = 0 } = agreement ?? {};
  context.progress.line(
    `  ${path}: ${detections - missing} of ${detections} detections agree, scores within ${scores} of the largest`,
  );
  if (!passed) throw new Error(`${path} does not compute what was trained: ${problems.join('; ')}`);
  return size;
}
