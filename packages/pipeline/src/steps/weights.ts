import { join } from 'node:path';
import type { StateSpec } from '@nats/graph';
import { formatReport, mapWeights, readWeights } from '@nats/transfer';
import type { WeightSettings } from '../config/sections/backbone.js';
import { expectFile } from '../files/expect-file.js';
import { isRun, readRun } from '../run/run-directory.js';
import { RUN_FILES } from '../run/run-files.js';
import { UsageError } from '../usage-error.js';
import { BACKBONE_PREFIX } from './backbone.js';
import type { StepContext, Weights } from './context.js';

/** The weights of a run stand for its directory. */
export function weightsFile(path: string): string {
  return isRun(path) ? join(path, RUN_FILES.weights) : expectFile(path, 'a run');
}

/**
 * Pretrained weights of the backbone, by their names in a detector; none without a file.
 * @throws NatsError if the file's weights do not fit the backbone, naming what is missing; IO errors pass through
 */
export async function pretrainedWeights(
  { file, rules, select }: WeightSettings,
  spec: StateSpec,
  { progress }: Pick<StepContext, 'progress'>,
): Promise<Weights> {
  if (file === undefined) return new Map();
  if (isRun(file)) {
    const { kind } = await readRun(file);
    if (kind !== 'pretrain') {
      throw new UsageError(`first weights come from a file or a run of nats pretrain; ${file} is one of nats ${kind}`);
    }
  }
  const path = weightsFile(file);
  const weights = await readWeights(path, select === undefined ? {} : { select });
  const { tensors, report } = mapWeights(weights, spec, { rules, prefix: BACKBONE_PREFIX });
  progress.line(`Weights of ${path}: ${formatReport(report)}`);
  return tensors;
}
