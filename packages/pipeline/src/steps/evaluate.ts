import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CocoDetection,
  type CocoGroundTruth,
  type DetectionEvaluation,
  type DetectionSummary,
  evaluateVoc,
  formatSummary,
} from '@nats/detect';
import { type Scheme, schemeBuilder } from '@nats/space';
import { type Json, jsonDifferences, toJson } from '@nats/train';
import { z } from 'zod';
import { withoutPlaces } from '../config/paths.js';
import { decisiveData } from '../config/sections/data.js';
import { readJsonAs } from '../files/read-json.js';
import { writeJson, writeJsonList } from '../files/write-atomic.js';
import { RUN_FILES } from '../run/run-files.js';
import type { StepContext, Weights } from './context.js';
import { asFirst, asFirstFinds } from './ranks.js';
import { detectorSpec, type Task, taskObjective } from './task.js';

/** COCO's numbers of boxes, or of masks. */
export interface CocoNumbers {
  /** The twelve numbers, 0 to 1, in pycocotools' order; -1 where there are no objects. */
  readonly stats: readonly number[];
  /** AP of each class by name. */
  readonly perCategory: Readonly<Record<string, number>>;
  /** What pycocotools would print. */
  readonly text: string;
}

/** What `evaluation.json` holds: numbers of boxes, and what belongs to them. */
export interface EvaluationFile extends CocoNumbers {
  /** Of masks, from a detector that gives them. */
  readonly segm?: CocoNumbers;
  /** Pascal VOC's average precision of 2010 at IoU 0.5, 0 to 1, -1 without objects; none for two files alone. */
  readonly voc?: { readonly mean: number; readonly perCategory: Readonly<Record<string, number>> };
  readonly images: number;
  /** What it depends on beside the run itself. */
  readonly settings?: Json;
}

/** Detects on the images for evaluation with what was trained, and compares as COCO does; writes both results. */
export async function evaluate(
  context: StepContext,
  task: Task,
  weights: Weights,
  scheme: Scheme | undefined,
  folder: string,
): Promise<EvaluationFile> {
  const { config, engine, progress, signal, collective } = context;
  const path = join(folder, RUN_FILES.evaluation);
  const settings = toJson({
    data: (withoutPlaces({ data: decisiveData(config.data) }) as { data: unknown }).data,
    evaluate: { ...config.evaluate, batchSize: undefined },
    engine: config.engine.name,
  });
  if (await asFirstFinds(context, () => existsSync(path) && existsSync(join(folder, RUN_FILES.detections)))) {
    const before = await readEvaluation(path);
    const changes = jsonDifferences(before.settings, settings);
    if (changes.length === 0) return before;
    progress.line(`${path} is made anew: ${changes.join('; ')}`);
  }
  const objective = taskObjective(task, config, config.train);
  const state = await engine.createState(detectorSpec(task.detector), weights);
  try {
    const { evaluation, summary, segm, results, groundTruth } = await objective.evaluateSplit({
      engine,
      state,
      split: 'val',
      signal,
      compile: (_key, build) => engine.compile(build()),
      ...(scheme && { convolution: schemeBuilder(scheme) }),
      ...(collective && { collective }),
    });
    const file = {
      ...evaluationFile(evaluation, summary, task.val.records.length),
      ...(segm && { segm: cocoNumbers(segm.evaluation, segm.summary) }),
      voc: vocNumbers(groundTruth, results, task.classes),
      settings,
    };
    await asFirst(context, async () => {
      // The numbers first: they are small, and say what the lists are worth.
      await writeJson(path, file);
      if (segm) await writeJsonList(join(folder, RUN_FILES.masks), segm.results);
      await writeJsonList(join(folder, RUN_FILES.detections), results);
    });
    return file;
  } finally {
    await state.dispose();
    await objective.dispose();
  }
}

const numbersSchema = z.looseObject({
  stats: z.array(z.number()).length(12),
  perCategory: z.record(z.string(), z.number()),
  text: z.string(),
});

const evaluationSchema = numbersSchema.extend({
  segm: numbersSchema.optional(),
  voc: z.looseObject({ mean: z.number(), perCategory: z.record(z.string(), z.number()) }).optional(),
  images: z.number(),
  settings: z.custom<Json>().optional(),
}) as z.ZodType<EvaluationFile>;

/** What an `evaluation.json` holds. @throws NatsError `malformed` for one that was edited; IO errors pass through */
export async function readEvaluation(path: string): Promise<EvaluationFile> {
  return readJsonAs(path, evaluationSchema);
}

/** What `evaluation.json` holds of an evaluation. */
export function evaluationFile(
  evaluation: DetectionEvaluation,
  summary: DetectionSummary,
  images: number,
): EvaluationFile {
  return { ...cocoNumbers(evaluation, summary), images };
}

export function cocoNumbers(evaluation: DetectionEvaluation, summary: DetectionSummary): CocoNumbers {
  return {
    stats: summary.stats,
    perCategory: Object.fromEntries(summary.perCategory.map((ap, k) => [labelOf(k, evaluation), ap])),
    text: formatSummary(summary, evaluation),
  };
}

/** Pascal VOC's numbers of the same detections. */
export function vocNumbers(
  groundTruth: CocoGroundTruth,
  results: readonly CocoDetection[],
  classes: readonly string[],
): NonNullable<EvaluationFile['voc']> {
  const { mean, perCategory } = evaluateVoc(groundTruth, results);
  const orMissing = (value: number) => (Number.isNaN(value) ? -1 : value);
  return {
    mean: orMissing(mean),
    perCategory: Object.fromEntries(classes.map((name, k) => [name, orMissing(perCategory[k]!)])),
  };
}

/** The lines of pycocotools, those of masks, and one of Pascal VOC's number. */
export function evaluationText({ text, segm, voc }: EvaluationFile): string {
  return [
    text,
    ...(voc ? [` Pascal VOC 2010, mean AP at IoU=0.50: ${voc.mean.toFixed(3)}`] : []),
    ...(segm ? ['masks:', segm.text] : []),
  ].join('\n');
}

/** A category's name, with the id behind one that several share: none may hide another. */
function labelOf(k: number, { categories, categoryNames }: DetectionEvaluation): string {
  const name = categoryNames[k]!;
  const shared = categoryNames.filter((other) => other === name).length > 1;
  return shared ? `${name} (${categories[k]})` : name;
}
