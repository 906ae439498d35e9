import { type DetectionObjective, recalibratedNorms } from '@nats/detect';
import type { ConvolutionBuilder } from '@nats/space';
import type { CheckpointOptions } from '@nats/train';
import type { StepContext, Weights } from './context.js';

/** Batches that statistics are averaged over (our choice). */
const BATCHES = 50;

/**
 * First weights for a training that leaves the backbone's batch norms as they are: their statistics are measured on its images,
 * with its dilations. A training that continues from a checkpoint does not need them.
 */
export async function measuredNorms(
  { engine, progress, signal }: StepContext,
  objective: DetectionObjective,
  initial: Weights,
  split: string,
  { store }: CheckpointOptions,
  convolution?: ConvolutionBuilder,
): Promise<Weights> {
  if (await store.has('last')) return initial;
  progress.line(`  measuring the statistics of the backbone's norms on ${BATCHES} batches`);
  return recalibratedNorms({
    engine,
    objective,
    initial,
    split,
    batches: BATCHES,
    signal,
    ...(convolution && { convolution }),
  });
}
