import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  BACKBONE,
  type Config,
  detectorPhases,
  detectorSpec,
  pretrainedWeights,
  RUN_FILES,
  readArchitecture,
  readScheme,
  type StepContext,
  searchOptions,
  searchRun,
  spaceOf,
  type Task,
  taskObjective,
  timeLeft,
  writeScheme,
} from '@nats/pipeline';
import { type Architecture, createRfNextSearch, edoConvolution, edoInitial, edoScheme } from '@nats/search';
import type { Scheme } from '@nats/space';
import { createTraining, type TrainingEvent, trainingStep } from '@nats/train';

/** All take as many steps, from the same pretrained classifier. */
export type SearchKind = 'groups' | 'last-stage' | 'sampled' | 'second-order' | 'path-level' | 'rf-next' | 'edo';

/** What a search ends in: probabilities to decode, or a scheme. */
export type SearchResult = { readonly architecture: Architecture } | { readonly scheme: Scheme };

export const TOOL = { tool: { name: '@nats/search', version: '0.0.0' } };

/** What a search found, kept in a folder of its own. */
export async function searchResult(
  context: StepContext,
  task: Task,
  folder: string,
  kind: SearchKind,
): Promise<SearchResult> {
  const config = searchConfig(context.config, kind);
  const own = { ...context, config };
  if (kind === 'edo') return { scheme: await kept(folder, task, () => edoSearch(own, task)) };
  if (kind === 'rf-next') return { scheme: await kept(folder, task, () => rfNextSearch(own, task)) };
  await searchRun(own, folder, task);
  const space = spaceOf(config, task.backbone);
  return { architecture: await readArchitecture(join(folder, RUN_FILES.architecture), space) };
}

function searchConfig(config: Config, kind: SearchKind): Config {
  const { space, search } = config;
  switch (kind) {
    case 'last-stage':
      return { ...config, space: { ...space, stages: ['C4'] } };
    case 'path-level':
      return { ...config, space: { ...space, groups: 1, channelsPerGroup: undefined } };
    case 'sampled':
      return { ...config, search: { ...search, relaxation: 'sampled' } };
    case 'second-order':
      return { ...config, search: { ...search, order: 2 } };
    default:
      return config;
  }
}

async function kept(folder: string, { backbone }: Task, search: () => Promise<Scheme>): Promise<Scheme> {
  const path = join(folder, RUN_FILES.scheme);
  if (!existsSync(path)) await writeScheme(path, await search());
  return readScheme(path, backbone);
}

async function rfNextSearch(context: StepContext, task: Task): Promise<Scheme> {
  const { config } = context;
  const objective = taskObjective(task, config, config.search);
  const initial = await pretrainedWeights(config.weights, detectorSpec(task.detector), context);
  const search = createRfNextSearch({ ...searchOptions(context, task, objective), initial });
  for await (const event of search.events({ signal: context.signal })) {
    if (event.type === 'round') context.progress.line(`  rf-next: ${JSON.stringify(event.rates)}`);
    else if (event.type !== 'architecture') told(context, 'rf-next', event);
  }
  context.signal.throwIfAborted();
  await objective.dispose();
  return search.scheme(TOOL);
}

/** Trains free dense kernels on all training images (there is no architecture that would need a half). */
async function edoSearch(context: StepContext, task: Task): Promise<Scheme> {
  const { config, engine, signal } = context;
  const { steps, backboneLearningRateScale } = config.search;
  if (backboneLearningRateScale === 0)
    throw new Error("EDO's kernels are trained; --backbone-learning-rate-scale is 0");
  const space = spaceOf(config, task.backbone);
  const objective = taskObjective(task, config, config.search);
  const convolution = edoConvolution(space);
  const { phases } = detectorPhases(config.search, task.backbone, convolution);
  const { spec } = trainingStep(objective, { optimizer: phases[0].optimizer, convolution });
  const initial = await pretrainedWeights(config.weights, detectorSpec(task.detector), context);
  const training = await createTraining({
    engine,
    objective,
    steps,
    seed: config.seed,
    initial: edoInitial(new Map(initial), spec),
    phases,
  });
  for await (const event of training.events({ signal })) told(context, 'edo', event);
  signal.throwIfAborted();
  const scheme = edoScheme(space, await training.values(), BACKBONE, TOOL);
  await training.dispose();
  await objective.dispose();
  return scheme;
}

function told({ progress, config }: StepContext, title: string, event: TrainingEvent): void {
  if (event.type !== 'step') return;
  const { steps } = config.search;
  const left = timeLeft((steps - event.step) * event.seconds);
  progress.update(`  ${title}: step ${event.step} of ${steps}, loss ${event.loss.toFixed(3)}, ${left}`);
}
