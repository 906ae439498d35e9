import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Scheme, schemeBuilder, schemeMetadata, schemeToJson } from '@nats/space';
import { createTraining } from '@nats/train';
import { readWeights, writeSafetensors } from '@nats/transfer';
import type { Config } from '../config/schema.js';
import { decisiveData } from '../config/sections/data.js';
import { writeAtomic, writeJsonList } from '../files/write-atomic.js';
import { RUN_FILES } from '../run/run-files.js';
import type { StepContext, Weights } from './context.js';
import { measuredNorms } from './measured-norms.js';
import { asFirst, asFirstFinds, ownBatch } from './ranks.js';
import { isShown } from './report-samples.js';
import { checkpointsOf, runTraining } from './run-training.js';
import { imagesOf, type Task, taskObjective } from './task.js';
import { detectorPhases } from './training-phases.js';

/** Settings that a training depends on. */
export function trainSettings(
  { seed, data, backbone, weights, detector, train }: Config,
  scheme: Scheme | undefined,
  task: Pick<Task, 'train' | 'val'>,
) {
  // What was chosen counts, not where it comes from.
  const chosen = scheme && {
    genotypes: scheme.genotypes,
    convolutions: Object.fromEntries(
      [...scheme.convolutions].map(([name, choice]) => [name, Array.from(choice).join('')]),
    ),
  };
  return { seed, data: decisiveData(data), images: imagesOf(task), backbone, weights, detector, train, scheme: chosen };
}

/** Trains a detector from the backbone's weights: with a scheme or without, all else is the same. */
export async function train(
  context: StepContext,
  task: Task,
  initial: Weights,
  scheme: Scheme | undefined,
  folder: string,
  title = 'train',
): Promise<Weights> {
  const { config, engine, collective } = context;
  const path = join(folder, RUN_FILES.weights);
  if (!(await asFirstFinds(context, () => existsSync(path)))) {
    if (scheme) await asFirst(context, () => writeAtomic(join(folder, RUN_FILES.scheme), schemeToJson(scheme)));
    const settings = config.train;
    const { steps, evaluateEvery, checkpointEvery } = settings;
    const objectiveSettings = {
      ...settings,
      batchSize: ownBatch(settings.batchSize, context, 'train.batchSize'),
    };
    // For nats watch.
    const objective = taskObjective(task, config, objectiveSettings, ({ results }) =>
      asFirst(context, () => writeJsonList(join(folder, RUN_FILES.recent), results.filter(isShown))),
    );
    try {
      const convolution = scheme && schemeBuilder(scheme);
      const { phases, config: fitting, frozenNorms } = detectorPhases(settings, task.backbone, convolution);
      // Whether its steps may grow was asked when the directory was taken.
      const checkpoints = { ...checkpointsOf(folder, checkpointEvery), prolong: true };
      const training = await createTraining({
        engine,
        objective,
        steps,
        seed: config.seed,
        initial: frozenNorms
          ? await measuredNorms(context, task, settings, { initial, split: 'train', checkpoints, convolution })
          : initial,
        phases,
        config: fitting,
        ...(evaluateEvery !== undefined && { evaluation: { split: 'val', every: evaluateEvery } }),
        checkpoints,
        ...(collective && { collective }),
      });
      try {
        await runTraining(training, folder, title, context);
        const values = await training.values();
        await asFirst(context, () => writeSafetensors(path, values, schemeMetadata(scheme)));
        // The file may not be seen on another machine yet.
        if (collective && collective.rank > 0) return values;
      } finally {
        await training.dispose();
      }
    } finally {
      await objective.dispose();
    }
  }
  return (await readWeights(path)).tensors;
}
