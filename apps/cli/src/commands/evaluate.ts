import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { evaluateFiles, type IouType, summarize } from '@nats/detect';
import {
  type EvaluationFile,
  evaluate,
  evaluateModel,
  evaluationFile,
  evaluationText,
  expectFile,
  isRun,
  logCommand,
  NEXT,
  openTrainedRun,
  runConfig,
  UsageError,
} from '@nats/pipeline';
import { type Command, Option } from 'commander';
import { printLines } from '../output.js';
import { addProcessFlags, type ProcessFlags, withProcesses } from './processes.js';
import {
  addConfigFlags,
  type ConfigFlags,
  configOf,
  overridesOf,
  printJson,
  tellNext,
  thisCommand,
  withContext,
} from './shared.js';

interface EvaluateFlags extends ConfigFlags, ProcessFlags {
  readonly iouType?: IouType;
  readonly annotations?: string;
  readonly detections?: string;
  readonly out?: string;
  readonly json?: true;
}

/** `nats evaluate`: COCO's numbers of a trained detector, of an exported file, or of two files of results. */
export function evaluateCommand(program: Command): void {
  const command = program
    .command('evaluate')
    .summary("COCO's twelve numbers of a run, a model, or two files")
    .description("COCO's twelve numbers, as pycocotools computes and prints them: of a run, a model, or two files")
    .argument('[target]', 'a run of nats train, or an ONNX file (then --config says on which data)')
    .option('--annotations <file>', "without target: ground truth, in the format of COCO's instances_*.json")
    .option('--detections <file>', "without target: detections, in the format of COCO's result files")
    .option('--out <file>', "of a model: where its detections go, in the format of COCO's result files")
    .addOption(
      new Option(
        '--iou-type <type>',
        'what is compared: bbox, or segm for masks; default: bbox of two files, all that a run or a model gives',
      ).choices(['bbox', 'segm']),
    )
    .option('--json', 'print {"stats": the twelve numbers, "perCategory": AP by name}; -1 is without objects');
  addProcessFlags(addConfigFlags(command))
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
    const file = await ofTarget(target, flags);
    if (!file) return;
    print(chosen(file, flags), flags);
    return tellNext(NEXT.evaluate(target));
  }
  if (annotations === undefined || detections === undefined) {
    throw new UsageError('name a run, a model, or both --annotations and --detections (nats evaluate --help)');
  }
  const evaluation = await evaluateFiles(expectFile(annotations), expectFile(detections), {
    iouType: flags.iouType ?? 'bbox',
  });
  if (evaluation.hasZeroId) {
    process.stderr.write(
      `warning: ${annotations} has an annotation of id 0; as in pycocotools its object counts as missed\n`,
    );
  }
  print(evaluationFile(evaluation, summarize(evaluation), 0), flags);
  tellNext(NEXT.evaluate(undefined));
}

function print(file: EvaluationFile, { json }: EvaluateFlags): void {
  const { stats, perCategory, voc, segm } = file;
  const masks = segm && { stats: segm.stats, perCategory: segm.perCategory };
  if (json) printJson({ stats, perCategory, voc, segm: masks });
  else printLines(evaluationText(file));
}

/** What was asked for of a run or a model. @throws UsageError for masks of a detector that gives none */
function chosen(file: EvaluationFile, { iouType }: EvaluateFlags): EvaluationFile {
  if (iouType === undefined) return file;
  const { segm, ...boxes } = file;
  if (iouType === 'bbox') return boxes;
  if (!segm) throw new UsageError('this detector gives no masks; --iou-type bbox');
  return { ...segm, images: file.images };
}

/** Of several processes only the first has a result. */
async function ofTarget(target: string, flags: EvaluateFlags): Promise<EvaluationFile | undefined> {
  if (!existsSync(target)) await readFile(target);
  return isRun(target) ? ofRun(target, flags) : ofModel(target, flags);
}

async function ofRun(folder: string, flags: EvaluateFlags): Promise<EvaluationFile | undefined> {
  if (flags.config !== undefined) throw new UsageError('a run has its own config; --set changes settings of it');
  if (flags.out !== undefined)
    throw new UsageError('a run keeps its detections in detections.json; --out is for models');
  const readConfig = () => runConfig(folder, 'train', overridesOf(flags));
  const file = await withProcesses(flags, readConfig, folder, async (context) => {
    const { task, weights, scheme } = await openTrainedRun(folder, overridesOf(flags));
    return evaluate(context, task, weights, scheme, folder);
  });
  if (file) await logCommand(folder, thisCommand());
  return file;
}

async function ofModel(path: string, flags: EvaluateFlags): Promise<EvaluationFile> {
  const config = await configOf(flags);
  return withContext(config, undefined, (context) => evaluateModel(context, path, flags.out, flags.iouType));
}
