import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Verification } from '@nats/export';
import type { Scheme } from '@nats/space';
import { withoutPlaces, withRelativePaths } from '../config/paths.js';
import { expectFile } from '../files/expect-file.js';
import { sameBytes } from '../files/same-bytes.js';
import { writeAtomic, writeJson } from '../files/write-atomic.js';
import { environmentOf } from '../run/environment.js';
import { claimRun, type RunKind } from '../run/run-directory.js';
import { RUN_FILES } from '../run/run-files.js';
import { UsageError } from '../usage-error.js';
import type { StepContext } from './context.js';
import { decode, latencyTableOf, predictionText, writeScheme } from './decode.js';
import { exportedDetector } from './export.js';
import type { TrainedRun } from './open-run.js';
import { openPretraining, pretrain, pretrainSettings } from './pretrain.js';
import { asFirst } from './ranks.js';
import { search, searchSettings } from './search.js';
import { detectorSpec, openTask, spaceOf, type Task } from './task.js';
import { train, trainSettings } from './train.js';
import { verifyModel } from './verify.js';
import { pretrainedWeights } from './weights.js';

/** Takes a directory for a run of a context. */
export async function claim(
  { config, engine, command, collective }: StepContext,
  folder: string,
  kind: RunKind,
  settings: unknown,
  growing?: string,
): Promise<void> {
  await asFirst({ collective }, () =>
    claimRun(folder, {
      kind,
      settings: withoutPlaces(settings),
      config: withRelativePaths(config, folder),
      environment: { ...environmentOf(engine), ...(collective && { processes: collective.size }) },
      command,
      ...(growing !== undefined && { growing }),
    }),
  );
}

/** `nats pretrain`. @returns the file of weights */
export async function pretrainRun(context: StepContext, folder: string): Promise<string> {
  // Images that can't be read are refused before a directory is taken.
  const pretraining = await openPretraining(context.config, context);
  await claim(context, folder, 'pretrain', pretrainSettings(context.config));
  tellFinished(context, folder, RUN_FILES.weights, `pretrain.steps ${context.config.pretrain.steps}`);
  return pretrain(context, folder, pretraining);
}

/** `nats search`, with the scheme that is derived of it. @param known the task, if it was opened before */
export async function searchRun(context: StepContext, folder: string, known?: Task): Promise<Scheme> {
  const { config } = context;
  const task = known ?? (await openTask(config, context));
  const initial = await pretrainedWeights(config.weights, detectorSpec(task.detector), context, {
    statistics: task.statistics,
  });
  // A space that does not fit the backbone is refused before a directory is taken.
  spaceOf(config, task.backbone);
  const table = await latencyTableOf(config, task.backbone);
  await claim(context, folder, 'search', searchSettings(config, task));
  tellFinished(context, folder, RUN_FILES.architecture, `search.steps ${config.search.steps}`);
  const scheme = decode(await search(context, task, initial, folder, undefined, table), config, table);
  if (table) context.progress.line(predictionText(table, scheme, config.decode.maxLatency));
  await asFirst(context, () => writeScheme(join(folder, RUN_FILES.scheme), scheme));
  return scheme;
}

/** Options of `trainRun`. */
export interface TrainRunOptions {
  /** The task, if it was opened before. */
  readonly task?: Task;
  /** In progress; default `train`. */
  readonly title?: string;
  /**
   * A run with fewer steps than the config's goes on to them: rates and averages are restated, and what it ended with is kept in a folder
   * of its own. Default false: it is refused as a run with other settings.
   */
  readonly prolong?: boolean;
}

/** `nats train`, without its evaluation. */
export async function trainRun(
  context: StepContext,
  folder: string,
  scheme: Scheme | undefined,
  { task: known, title, prolong = false }: TrainRunOptions = {},
): Promise<TrainedRun> {
  const { config } = context;
  const task = known ?? (await openTask(config, context));
  const initial = await pretrainedWeights(config.weights, detectorSpec(task.detector), context, {
    statistics: task.statistics,
    scheme,
  });
  await claim(context, folder, 'train', trainSettings(config, scheme, task), prolong ? 'train.steps' : undefined);
  tellFinished(context, folder, RUN_FILES.weights, `train.steps ${config.train.steps}`, prolong);
  const weights = await train(context, task, initial, scheme, folder, title);
  return { folder, config, task, weights, scheme };
}

/** Says that nothing is left to do, and what to do for more of it. */
function tellFinished({ progress }: StepContext, folder: string, file: string, extent: string, grows = false): void {
  if (!existsSync(join(folder, file))) return;
  const more = grows
    ? 'The same command with more --steps goes on from here'
    : 'For more steps begin another run: the same command with more --steps and another --out';
  progress.line(`${folder} is finished (${extent}): nothing is trained again. ${more}`);
}

/** `nats export`. @throws UsageError if another file is there, unless it may be replaced */
export async function exportRun(
  { task, weights, scheme, config }: TrainedRun,
  path: string,
  replace = false,
): Promise<number> {
  const bytes = exportedDetector(task, weights, scheme, config);
  if (!replace && existsSync(expectFile(path)) && !(await sameBytes(path, bytes))) {
    throw new UsageError(`${path} is there already and differs; choose another file with --out, or --replace it`);
  }
  await writeAtomic(path, bytes);
  return (await stat(path)).size;
}

/** `nats verify`. @param model default: the run's own, whose result is kept */
export async function verifyRun(context: StepContext, run: TrainedRun, model?: string): Promise<Verification> {
  const { task, weights, scheme, folder } = run;
  const path = model ?? join(folder, RUN_FILES.model);
  const result = await verifyModel(context, task, weights, scheme, path);
  if (model === undefined) await writeJson(join(folder, RUN_FILES.verification), result);
  return result;
}
