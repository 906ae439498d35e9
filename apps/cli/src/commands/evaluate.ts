import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  areaRanges,
  cocoCategoryIds,
  cocoDetections,
  cocoGroundTruth,
  cocoImageIds,
  type Detections,
  evaluateDetections,
  evaluateFiles,
  loadRecordImage,
  summarize,
} from '@nats/detect';
import type { Command } from 'commander';
import { openDetector } from '../model/open-detector.js';
import { isRun, noteCommand } from '../run/run-directory.js';
import type { StepContext } from '../steps/context.js';
import { readDatasets } from '../steps/datasets.js';
import { type EvaluationFile, evaluate, evaluationFile, evaluationText, vocNumbers } from '../steps/evaluate.js';
import { openTrainedRun } from '../steps/open-run.js';
import { UsageError } from '../usage-error.js';
import { writeJson } from '../write-whole.js';
import {
  addConfigFlags,
  type ConfigFlags,
  configOf,
  overridesOf,
  printJson,
  thisCommand,
  withContext,
} from './shared.js';

interface EvaluateFlags extends ConfigFlags {
  readonly annotations?: string;
  readonly detections?: string;
  readonly out?: string;
  readonly json?: true;
}

/** `nats evaluate`: COCO's numbers of a trained detector, of an exported file, or of two files of results. */
export function evaluateCommand(program: Command): void {
  addConfigFlags(program.command('evaluate'))
    .description("COCO's twelve numbers, as pycocotools computes and prints them: of a run, a model, or two files")
    .argument('[target]', 'a run of nats train, or an ONNX file (then --config says on which data)')
    .option('--annotations <file>', "without target: ground truth, in the format of COCO's instances_*.json")
    .option('--detections <file>', "without target: detections, in the format of COCO's result files")
    .option('--out <file>', "of a model: where its detections go, in the format of COCO's result files")
    .option('--json', 'print {"stats": the twelve numbers, "perCategory": AP by name}; -1 is without objects')
    .addHelpText(
      'after',
      '\nExample:\n  $ nats evaluate runs/transformed\n  $ nats evaluate --annotations instances_val.json --detections found.json',
    )
    .action(run);
}

async function run(target: string | undefined, flags: EvaluateFlags): Promise<void> {
  const { annotations, detections } = flags;
  if (target !== undefined) {
    if (annotations !== undefined || detections !== undefined) {
      throw new UsageError('either a run or a model, or --annotations and --detections');
    }
    return print(await ofTarget(target, flags), flags);
  }
  if (annotations === undefined || detections === undefined) {
    throw new UsageError('name a run, a model, or both --annotations and --detections (nats evaluate --help)');
  }
  const evaluation = await evaluateFiles(annotations, detections);
  print(evaluationFile(evaluation, summarize(evaluation), 0), flags);
}

function print(file: EvaluationFile, { json }: EvaluateFlags): void {
  const { stats, perCategory, voc } = file;
  if (json) printJson({ stats, perCategory, voc });
  else process.stdout.write(`${evaluationText(file)}\n`);
}

async function ofTarget(target: string, flags: EvaluateFlags): Promise<EvaluationFile> {
  if (!existsSync(target)) await readFile(target);
  return isRun(target) ? ofRun(target, flags) : ofModel(target, flags);
}

async function ofRun(folder: string, flags: EvaluateFlags): Promise<EvaluationFile> {
  if (flags.config !== undefined) throw new UsageError('a run has its own config; --set changes settings of it');
  if (flags.out !== undefined)
    throw new UsageError('a run keeps its detections in detections.json; --out is for models');
  const { config, task, weights, scheme } = await openTrainedRun(folder, overridesOf(flags));
  const file = await withContext(config, undefined, (context) => evaluate(context, task, weights, scheme, folder));
  await noteCommand(folder, thisCommand());
  return file;
}

async function ofModel(path: string, flags: EvaluateFlags): Promise<EvaluationFile> {
  const config = await configOf(flags);
  return withContext(config, undefined, (context) => evaluateModel(context, path, flags.out));
}

async function evaluateModel(
  { config, progress, signal }: StepContext,
  path: string,
  out: string | undefined,
): Promise<EvaluationFile> {
  if (!config.data) throw new UsageError("no data: name it under 'data' in the config (nats init writes one)");
  const model = await openDetector(path, config.engine.threads);
  try {
    const { classes, input } = model.convention;
    const { val } = await readDatasets(config.data);
    if (val.classes.join('\n') !== classes.join('\n')) {
      throw new UsageError(
        `a model is judged on images of its classes; ${path} has ${classes.join(', ')}, ${val.name} has ${val.classes.join(', ')}`,
      );
    }
    const found: Detections[] = [];
    for (const record of val.records) {
      signal.throwIfAborted();
      found.push(await model.detect(await loadRecordImage(record, { channels: input.channels === 1 ? 1 : 3 })));
      progress.update(`  evaluate: ${found.length} of ${val.records.length} images`);
      // Runs are synchronous: signals get their turn here.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const results = cocoDetections(found, { imageIds: cocoImageIds(val), categoryIds: cocoCategoryIds(val) });
    if (out !== undefined) await writeJson(out, results);
    const truth = cocoGroundTruth(val);
    const evaluation = evaluateDetections(truth, results, {
      areaRanges: areaRanges(...config.evaluate.sizes),
    });
    const file = evaluationFile(evaluation, summarize(evaluation), val.records.length);
    return { ...file, voc: vocNumbers(truth, results, val.classes) };
  } finally {
    await model.close();
  }
}
