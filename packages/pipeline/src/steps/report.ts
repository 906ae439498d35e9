import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Engine } from '@nats/graph';
import {
  type ReportData,
  type ReportEvaluation,
  type ReportLatency,
  type ReportNumbers,
  type ReportSearch,
  type ReportTraining,
  type ReportVariant,
  reportFields,
  reportScheme,
  searchCurves,
  trainingCurves,
} from '@nats/report';
import { parseGenotype, programCosts } from '@nats/space';
import { toJson } from '@nats/train';
import { readLines } from '@nats/transfer';
import { z } from 'zod';
import { readJsonAs } from '../files/read-json.js';
import { readCommands, readEnvironment } from '../run/command-log.js';
import { readRun } from '../run/run-directory.js';
import { RUN_FILES } from '../run/run-files.js';
import { UsageError } from '../usage-error.js';
import { VERSION } from '../version.js';
import { type CocoNumbers, readEvaluation } from './evaluate.js';
import { candidatesProgram } from './export.js';
import { openTrainedRun, runConfig, type TrainedRun } from './open-run.js';
import { receptiveFields } from './receptive-fields.js';
import { readDetections, reportSamples, SHOWN_SCORE } from './report-samples.js';
import { trainSettings } from './train.js';

/** Runs that differ in nothing but their seed. */
interface Variant {
  readonly name: string;
  readonly runs: readonly TrainedRun[];
}

export interface ReportOptions {
  readonly title?: string | undefined;
  readonly engine: Engine;
  readonly signal: AbortSignal;
  readonly caveats?: readonly string[];
}

/**
 * What a report shows of some runs: trainings are compared, in their order; searches and pretrainings give curves.
 * @throws UsageError without a training among them
 */
export async function reportData(folders: readonly string[], options: ReportOptions): Promise<ReportData> {
  const kinds = await Promise.all(folders.map(async (folder) => ({ folder, kind: (await readRun(folder)).kind })));
  const of = (kind: string) => kinds.filter((run) => run.kind === kind).map(({ folder }) => folder);
  const runs: TrainedRun[] = [];
  for (const folder of of('train')) runs.push(await openTrainedRun(folder));
  const [first] = runs;
  if (!first) throw new UsageError('a report needs at least one run of nats train');
  const variants = variantsOf(runs);
  const shown: ReportVariant[] = [];
  for (const variant of variants) shown.push(await reportVariant(variant, options));
  const trainings: ReportTraining[] = [];
  for (const folder of of('pretrain')) trainings.push(await reportTraining(folder, basename(resolve(folder))));
  for (const { name, runs: own } of variants) {
    for (const { folder, config } of own) {
      trainings.push({
        ...(await reportTraining(folder, basename(resolve(folder)))),
        variant: name,
        seed: config.seed,
      });
    }
  }
  const [searched] = of('search');
  const { val, train, classes } = first.task;
  const variantDetections = await Promise.all(
    variants.map(async ({ name, runs: own }) => ({ variant: name, detections: await readDetections(own[0]!.folder) })),
  );
  return {
    title:
      options.title ??
      `${variants.map(({ name }) => name).join(' and ')}: ${first.task.backbone.name} on ${nameOf(val.name)}`,
    created: new Date().toISOString(),
    tool: { name: 'nats', version: VERSION },
    variants: shown,
    dataset: {
      name: nameOf(val.name),
      classes,
      trainingImages: train.records.length,
      testImages: val.records.length,
      testObjects: val.records.reduce((sum, { objects }) => sum + objects.length, 0),
      sizeBounds: first.config.evaluate.sizes,
    },
    ...(searched !== undefined && { search: await reportSearch(searched) }),
    trainings,
    samples: await reportSamples(val, variantDetections),
    sampleMinScore: SHOWN_SCORE,
    commands: await commandsOf(folders),
    environment: await readEnvironment(first.folder),
    ...(options.caveats && { caveats: options.caveats }),
  };
}

/** A path is told by its last two parts: where it lies on this machine is nobody's business. */
function nameOf(dataset: string): string {
  return dataset.split(/[\\/]/).slice(-2).join('/');
}

function variantsOf(runs: readonly TrainedRun[]): Variant[] {
  const byKey = new Map<string, TrainedRun[]>();
  for (const run of runs) {
    const key = JSON.stringify(toJson({ ...trainSettings(run.config, run.scheme, run.task), seed: undefined }));
    byKey.set(key, [...(byKey.get(key) ?? []), run]);
  }
  const names = [...byKey.values()].map(([run]) => basename(resolve(run!.folder)));
  return [...byKey.values()].map((own, i) => {
    const name = names[i]!;
    const unique = names.filter((other) => other === name).length === 1;
    return { name: unique ? name : `${basename(dirname(resolve(own[0]!.folder)))}/${name}`, runs: own };
  });
}

async function reportVariant({ name, runs }: Variant, { engine, signal }: ReportOptions): Promise<ReportVariant> {
  const [{ folder, task, scheme, weights }] = runs as [TrainedRun];
  signal.throwIfAborted();
  const { program, spec } = candidatesProgram(task, scheme, 1);
  const { parameters, macs } = programCosts(program, spec);
  const model = join(folder, RUN_FILES.model);
  const fields = await receptiveFields(engine, { task, scheme, weights });
  const evaluations: ReportEvaluation[] = [];
  for (const run of runs) {
    const path = join(run.folder, RUN_FILES.evaluation);
    if (!existsSync(path)) continue;
    const { segm, ...boxes } = await readEvaluation(path);
    const masks = segm && reportNumbers(segm);
    evaluations.push({ seed: run.config.seed, ...reportNumbers(boxes), ...(masks && { masks }) });
  }
  const latency = await latencyIn(folder);
  return {
    name,
    description: scheme ? `with dilations: ${scheme.provenance.method ?? 'a scheme'}` : 'as it was pretrained',
    evaluations,
    parameters,
    macs,
    ...(existsSync(model) && { bytes: (await stat(model)).size }),
    ...(latency && { latency }),
    ...(scheme && { scheme: reportScheme(scheme) }),
    fields: reportFields(fields),
  };
}

function reportNumbers({ stats, perCategory }: CocoNumbers): ReportNumbers {
  return { stats, perCategory: Object.values(perCategory) };
}

const latencySchema = z.looseObject({
  single: z.looseObject({ median: z.number(), p10: z.number(), p90: z.number(), rounds: z.number() }),
});

async function latencyIn(folder: string): Promise<ReportLatency | undefined> {
  const path = join(folder, RUN_FILES.latency);
  if (!existsSync(path)) return undefined;
  const { single } = await readJsonAs(path, latencySchema);
  return { milliseconds: single.median, low: single.p10, high: single.p90, runs: single.rounds, batch: 1 };
}

async function reportTraining(folder: string, name: string): Promise<ReportTraining> {
  const path = join(folder, RUN_FILES.metrics);
  const { points, evaluations } = await trainingCurves(readLines(path), path);
  return { name, points, evaluations };
}

async function reportSearch(folder: string): Promise<ReportSearch> {
  const config = await runConfig(folder, 'search');
  const path = join(folder, RUN_FILES.metrics);
  const genotypes = config.space.genotypes.map(parseGenotype);
  const { steps, start } = config.search;
  return {
    seed: config.seed,
    start: start ?? Math.floor(steps * 0.3),
    genotypes,
    ...(await searchCurves(readLines(path), path)),
  };
}

async function commandsOf(folders: readonly string[]): Promise<{ command: string }[]> {
  const all = (await Promise.all(folders.map(readCommands))).flat().sort((a, b) => a.time.localeCompare(b.time));
  return [...new Set(all.map(({ command }) => command))].map((command) => ({ command }));
}
