import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BackboneConfig, checkSchemeFits, checkWeightsScheme, type Scheme, schemeFromJson } from '@nats/space';
import { readWeights } from '@nats/transfer';
import { parseConfig } from '../config/load-config.js';
import { type Overrides, withOverrides } from '../config/overrides.js';
import { withAbsolutePaths } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import { expectFile } from '../files/expect-file.js';
import { readJson } from '../files/read-json.js';
import { readText } from '../files/read-text.js';
import { isRun, type RunKind, readRun } from '../run/run-directory.js';
import { RUN_FILES } from '../run/run-files.js';
import { UsageError } from '../usage-error.js';
import type { Weights } from './context.js';
import { openTask, type Task } from './task.js';

/** A detector that was trained, with all that belongs to it. */
export interface TrainedRun {
  readonly folder: string;
  readonly config: Config;
  readonly task: Task;
  readonly weights: Weights;
  readonly scheme: Scheme | undefined;
}

/** The config of a run, with settings put over it. @throws UsageError if the run is of another kind */
export async function runConfig(folder: string, kind: RunKind, overrides: Overrides = {}): Promise<Config> {
  const run = await readRun(folder);
  if (run.kind !== kind) throw new UsageError(`${folder} is a run of nats ${run.kind}; this needs one of nats ${kind}`);
  const path = join(folder, RUN_FILES.config);
  const value = withOverrides(withAbsolutePaths(await readJson(path), folder), overrides);
  return parseConfig(withAbsolutePaths(value, process.cwd()), path, { flags: overrides });
}

/**
 * The config, task and weights of a training that has ended.
 * @throws UsageError if the run is of another kind; Error if its training has not ended
 */
export async function openTrainedRun(folder: string, overrides: Overrides = {}): Promise<TrainedRun> {
  const config = await runConfig(folder, 'train', overrides);
  const path = join(folder, RUN_FILES.weights);
  if (!existsSync(path)) {
    throw new Error(
      `the training in ${folder} has not ended: there is no ${RUN_FILES.weights}; start it again to go on`,
    );
  }
  const task = await openTask(config);
  const { tensors, metadata } = await readWeights(path);
  const scheme = existsSync(join(folder, RUN_FILES.scheme)) ? await readScheme(folder, task.backbone) : undefined;
  checkWeightsScheme(metadata, scheme, path);
  return { folder, config, task, weights: tensors, scheme };
}

/** The scheme of a file or a run. @param path a scheme file, or the directory of a run that has one */
export async function readScheme(path: string, backbone?: BackboneConfig): Promise<Scheme> {
  const file = isRun(path) ? join(path, RUN_FILES.scheme) : expectFile(path, 'a run');
  if (isRun(path) && !existsSync(file)) {
    const { kind } = await readRun(path);
    throw new UsageError(
      kind === 'search'
        ? `the search in ${path} has not ended: there is no ${RUN_FILES.scheme}; start it again to go on`
        : `${path} is a run of nats ${kind} without a scheme; a scheme.json or a run of nats search has one`,
    );
  }
  const scheme = schemeFromJson(await readText(file), file);
  if (backbone) checkSchemeFits(scheme, backbone);
  return scheme;
}
