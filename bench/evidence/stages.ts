import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Engine, TensorData } from '@nats/graph';
import { type Scheme, schemeBuilder } from '@nats/space';
import { adamw, createTraining, type TrainingEvent } from '@nats/train';
import { readWeights, writeSafetensors } from '@nats/transfer';
import { kept } from './cache.js';
import { asBackbone, detectionObjective, detectorPhase, PROTOCOL, pretrainingObjective, rate } from './protocol.js';
import type { Task } from './task.js';

export interface Context {
  readonly engine: Engine;
  readonly task: Task;
  /** Where results are kept. */
  readonly folder: string;
}

/** The classifier that every variant starts from, kept in the folder. */
export async function pretrainedWeights(
  { engine, folder }: Context,
  seed: number = PROTOCOL.pretraining.seed,
): Promise<Map<string, TensorData>> {
  const path = join(folder, 'pretrained.safetensors');
  if (!existsSync(path)) {
    const { steps, learningRate } = PROTOCOL.pretraining;
    const phase = { optimizer: adamw({ weightDecay: PROTOCOL.weightDecay }), learningRate: rate(learningRate, steps) };
    const training = await createTraining({
      engine,
      objective: await pretrainingObjective(seed),
      seed,
      steps,
      phases: [phase],
      evaluation: {},
    });
    for await (const event of training.events()) report('pretraining', event, steps);
    await mkdir(dirname(path), { recursive: true });
    await writeSafetensors(path, await training.values());
    await training.dispose();
  }
  return asBackbone((await readWeights(path)).tensors);
}

export interface VariantResult {
  readonly variant: string;
  readonly seed: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/**
 * Trains a detector with a scheme from the pretrained classifier and judges it on the test images. A search that keeps (1,1)
 * everywhere has found the original network: the same training with the same seed, which is not repeated.
 */
export function trainedVariant(
  context: Context,
  initial: Map<string, TensorData>,
  variant: string,
  scheme: Scheme | undefined,
  seed: number,
): Promise<VariantResult> {
  return kept(join(context.folder, `variant-${variant}-${seed}.json`), async () => {
    if (scheme && isUndilated(scheme)) {
      return { ...(await trainedVariant(context, initial, 'original', undefined, seed)), variant };
    }
    const started = performance.now();
    const training = await createTraining({
      engine: context.engine,
      objective: detectionObjective(context.task, seed),
      steps: PROTOCOL.steps,
      seed,
      initial,
      phases: [detectorPhase(context.task, scheme && schemeBuilder(scheme))],
      evaluation: {},
    });
    let metrics: Readonly<Record<string, number>> = {};
    for await (const event of training.events()) {
      report(`${variant} ${seed}`, event, PROTOCOL.steps);
      if (event.type === 'evaluation') metrics = event.metrics;
    }
    await training.dispose();
    return { variant, seed, metrics, seconds: (performance.now() - started) / 1000 };
  });
}

function isUndilated({ convolutions, genotypes }: Scheme): boolean {
  return [...convolutions.values()].every((choice) => choice.every((g) => genotypes[g]!.every((d) => d === 1)));
}

export function report(title: string, event: TrainingEvent, steps: number): void {
  if (event.type === 'step' && event.step % 100 === 0) {
    console.log(
      `${title}: step ${event.step} of ${steps}, loss ${event.loss.toFixed(3)}, ${event.imagesPerSecond.toFixed(0)} images/s`,
    );
  }
  if (event.type === 'evaluation') console.log(`${title}: ${JSON.stringify(event.metrics)}`);
}
