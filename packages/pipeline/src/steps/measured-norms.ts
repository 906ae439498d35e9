import { recalibratedNorms } from '@nats/detect';
import type { ConvolutionBuilder } from '@nats/space';
import type { CheckpointOptions } from '@nats/train';
import type { StepContext, Weights } from './context.js';
import { isFirst } from './ranks.js';
import { type ObjectiveSettings, type Task, taskObjective } from './task.js';

/** Batches that statistics are averaged over (our choice). */
const BATCHES = 50;

export interface MeasuredNormsOptions {
  readonly initial: Weights;
  readonly split: string;
  readonly checkpoints: CheckpointOptions;
  readonly convolution?: ConvolutionBuilder | undefined;
}

/**
 * First weights for a training that leaves the backbone's batch norms as they are: their statistics are measured on its images,
 * with its dilations. A training that continues from a checkpoint does not need them. Of several processes the first measures,
 * on whole batches, and the training hands its values on.
 */
export async function measuredNorms(
  context: StepContext,
  task: Task,
  settings: ObjectiveSettings,
  { initial, split, checkpoints: { store }, convolution }: MeasuredNormsOptions,
): Promise<Weights> {
  const { engine, progress, signal, config } = context;
  if (!isFirst(context) || (await store.has('last'))) return initial;
  progress.line(`  measuring the statistics of the backbone's norms on ${BATCHES} batches`);
  const objective = taskObjective(task, config, settings);
  try {
    return await recalibratedNorms({
      engine,
      objective,
      initial,
      split,
      batches: BATCHES,
      signal,
      ...(convolution && { convolution }),
    });
  } finally {
    await objective.dispose();
  }
}
