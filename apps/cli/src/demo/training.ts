import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDetector, detection, detectionSubset, mnistTextures } from '@nats/detect';
import type { TensorData } from '@nats/graph';
import { architectureOfEvent, createSearch, decodeScheme } from '@nats/search';
import { buildClassifier, type Scheme, schemeBuilder } from '@nats/space';
import {
  adamw,
  classification,
  constantRate,
  cosineDecay,
  createTraining,
  type Objective,
  readMnist,
  type Schedule,
  type TrainingEvent,
  withWarmUp,
} from '@nats/train';
import { readWeights, writeSafetensors } from '@nats/transfer';
import { VERSION } from '../version.js';
import type { DemoContext } from './context.js';
import { kept } from './folder.js';
import {
  ARCHITECTURE_RATE,
  backbone,
  CLIP_NORM,
  detectorConfig,
  LEARNING_RATE,
  STATISTICS,
  space,
  WEIGHT_DECAY,
} from './settings.js';

export type Weights = ReadonlyMap<string, TensorData>;

/** The classifier of digits that search and detectors start from, under the names of a detector's backbone. */
export async function pretrainedBackbone(context: DemoContext): Promise<Weights> {
  const { steps } = context.settings.pretraining;
  const weights = await keptWeights(context, 'pretrained', steps, async (checkpoints) =>
    createTraining({
      engine: context.engine,
      objective: await pretrainingObjective(context),
      seed: context.settings.seed,
      steps,
      phases: [{ optimizer: adamw({ weightDecay: WEIGHT_DECAY }), learningRate: rate(context, steps) }],
      checkpoints,
    }),
  );
  return new Map(
    [...weights].filter(([name]) => !name.startsWith('fc.')).map(([name, value]) => [`backbone.body.${name}`, value]),
  );
}

/** Searches dilations on two halves of the training images, and gives each channel group its most probable one. */
export async function searchedScheme(context: DemoContext, initial: Weights): Promise<Scheme> {
  const { engine, settings, folder, signal } = context;
  const { steps, start } = settings.search;
  const probabilities = await kept(join(folder, 'search.json'), async () => {
    const directory = join(folder, 'checkpoints', 'search');
    const search = await createSearch({
      engine,
      objective: detectionObjective(context),
      space,
      steps,
      seed: settings.seed,
      initial,
      weights: detectorPhase(context, steps),
      architecture: { start, learningRate: constantRate(ARCHITECTURE_RATE) },
      checkpoints: { directory, resume: 'if-present' },
    });
    for await (const event of search.events({ signal })) {
      if (event.type !== 'architecture') report(context, 'search', event, steps);
    }
    signal.throwIfAborted();
    const { sites } = await search.architecture();
    await search.dispose();
    return Object.fromEntries([...sites].map(([name, site]) => [name, site.probabilities]));
  });
  await rm(join(folder, 'checkpoints', 'search'), { recursive: true, force: true });
  return decodeScheme(
    architectureOfEvent(space, probabilities),
    { method: 'argmax' },
    { tool: { name: '@nats/cli', version: VERSION }, seed: settings.seed, note: `nats demo, ${settings.name}` },
  );
}

/** Trains a detector from the backbone: with a scheme or without, all else is the same. */
export function trainedDetector(
  context: DemoContext,
  name: string,
  initial: Weights,
  scheme: Scheme | undefined,
): Promise<Weights> {
  const { engine, settings } = context;
  return keptWeights(context, name, settings.steps, (checkpoints) =>
    createTraining({
      engine,
      objective: detectionObjective(context),
      steps: settings.steps,
      seed: settings.seed,
      initial,
      phases: [{ ...detectorPhase(context, settings.steps), ...(scheme && { convolution: schemeBuilder(scheme) }) }],
      checkpoints,
    }),
  );
}

type Prepare = (checkpoints: {
  readonly directory: string;
  readonly resume: 'if-present';
}) => ReturnType<typeof createTraining>;

/** Runs a training whose weights are kept; one that was interrupted continues from its checkpoint. */
async function keptWeights(context: DemoContext, name: string, steps: number, prepare: Prepare): Promise<Weights> {
  const path = join(context.folder, `${name}.safetensors`);
  const directory = join(context.folder, 'checkpoints', name);
  if (!existsSync(path)) {
    const training = await prepare({ directory, resume: 'if-present' });
    for await (const event of training.events({ signal: context.signal })) report(context, name, event, steps);
    context.signal.throwIfAborted();
    await writeSafetensors(path, await training.values());
    await training.dispose();
  }
  await rm(directory, { recursive: true, force: true });
  return (await readWeights(path)).tensors;
}

function detectionObjective({ train, test, settings }: DemoContext): Objective {
  const half = (from: number) => {
    const indices = Array.from({ length: Math.floor(train.size / 2) }, (_, i) => 2 * i + from);
    return { ...detectionSubset(train, indices), name: `${train.name}/half ${from}` };
  };
  return detection({
    detector: buildDetector(detectorConfig),
    datasets: { train, test, weights: half(0), architecture: half(1) },
    batchSize: settings.batch,
    seed: settings.seed,
    statistics: STATISTICS,
    // The images are kept by the caller.
    cache: false,
  });
}

async function pretrainingObjective({ settings }: DemoContext): Promise<Objective> {
  const { images, batch } = settings.pretraining;
  const { train } = await readMnist();
  return classification({
    network: (scope, x, options) => buildClassifier(scope, x, backbone, { ...options, classes: 10 }),
    datasets: { train: await mnistTextures({ digits: train, size: images, seed: settings.seed }) },
    batchSize: batch,
    statistics: STATISTICS,
    seed: settings.seed,
  });
}

function rate({ settings }: DemoContext, steps: number): Schedule {
  return withWarmUp(cosineDecay({ rate: LEARNING_RATE, steps }), { steps: settings.warmUp });
}

function detectorPhase(context: DemoContext, steps: number) {
  return {
    optimizer: adamw({ weightDecay: WEIGHT_DECAY }),
    learningRate: rate(context, steps),
    clipNorm: CLIP_NORM,
  };
}

function report({ progress }: DemoContext, name: string, event: TrainingEvent, steps: number): void {
  if (event.type === 'start' && event.step > 0) progress.line(`  ${name}: continues after step ${event.step}`);
  if (event.type === 'warning' || event.type === 'failure') progress.line(`  ${name}: ${event.message}`);
  if (event.type !== 'step') return;
  const left = Math.round((steps - event.step) * event.seconds);
  progress.update(
    `  ${name}: step ${event.step} of ${steps}, loss ${event.loss.toFixed(3)}, ` +
      `${event.imagesPerSecond.toFixed(0)} images/s, about ${left} s left`,
  );
}
