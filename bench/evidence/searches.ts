import { join } from 'node:path';
import type { TensorData } from '@nats/graph';
import {
  createRfNextSearch,
  createSearch,
  edoConvolution,
  edoInitial,
  edoScheme,
  pathLevelSpace,
  type SearchOptions,
} from '@nats/search';
import type { Scheme, SearchSpace } from '@nats/space';
import { constantRate, createTraining, trainingStep } from '@nats/train';
import { kept } from './cache.js';
import { detectionObjective, detectorPhase, PROTOCOL, rate } from './protocol.js';
import { type Context, report } from './stages.js';

/** Probabilities of every genotype by convolution and channel group, after a search. */
export type Probabilities = Readonly<Record<string, readonly (readonly number[])[]>>;

/** All take as many steps, from the same pretrained classifier. */
export type SearchKind = 'groups' | 'last-stage' | 'sampled' | 'second-order' | 'path-level' | 'rf-next' | 'edo';

const TOOL = { tool: { name: '@nats/search', version: '0.0.0' } };

/** The part of a space that a kind of search chooses in. */
export function spaceOf(space: SearchSpace, kind: SearchKind): SearchSpace {
  if (kind === 'path-level') return pathLevelSpace(space);
  if (kind !== 'last-stage') return space;
  const sites = space.sites.filter(({ name }) => name.startsWith('layer3.'));
  return { ...space, sites, log10Size: (space.log10Size * sites.length) / space.sites.length };
}

/** What a search found. Searches that end in a scheme have probabilities of 0 and 1. */
export function searched(
  context: Context,
  initial: Map<string, TensorData>,
  kind: SearchKind,
  seed: number,
): Promise<Probabilities> {
  const name = kind === 'groups' ? `search-${seed}` : `search-${kind}-${seed}`;
  return kept(join(context.folder, `${name}.json`), async () => {
    if (kind === 'edo') return oneHot(await searchedByEdo(context, initial, seed));
    if (kind === 'rf-next') return oneHot(await searchedByRfNext(context, initial, seed));
    const search = await createSearch(optionsOf(context, initial, kind, seed));
    for await (const event of search.events()) {
      if (event.type !== 'architecture') report(name, event, PROTOCOL.search.steps);
    }
    const { sites } = await search.architecture();
    await search.dispose();
    return Object.fromEntries([...sites].map(([site, { probabilities }]) => [site, probabilities]));
  });
}

function optionsOf(
  context: Context,
  initial: Map<string, TensorData>,
  kind: SearchKind,
  seed: number,
): Omit<SearchOptions, 'checkpoints'> {
  const { steps, start, architectureRate } = PROTOCOL.search;
  return {
    engine: context.engine,
    objective: detectionObjective(context.task, seed),
    space: spaceOf(context.task.space, kind),
    steps,
    seed,
    initial,
    relaxation: { kind: kind === 'sampled' ? 'sampled' : 'exact' },
    weights: { ...detectorPhase(context.task), learningRate: rate(PROTOCOL.learningRate, steps) },
    architecture: {
      start,
      learningRate: constantRate(architectureRate),
      ...(kind === 'second-order' && { order: 2 }),
    },
  };
}

async function searchedByRfNext(context: Context, initial: Map<string, TensorData>, seed: number): Promise<Scheme> {
  const search = createRfNextSearch(optionsOf(context, initial, 'rf-next', seed));
  for await (const event of search.events()) {
    if (event.type === 'round') console.log(`rf-next ${seed}: ${JSON.stringify(event.rates)}`);
    else if (event.type !== 'architecture') report(`rf-next ${seed}`, event, PROTOCOL.search.steps);
  }
  return search.scheme(TOOL);
}

/** Trains free dense kernels on all training images (there is no architecture that would need a half). */
async function searchedByEdo(context: Context, initial: Map<string, TensorData>, seed: number): Promise<Scheme> {
  if (context.task.backboneRate === 0) throw new Error("EDO's kernels are trained; received a frozen backbone");
  const { steps } = PROTOCOL.search;
  const { space } = context.task;
  const objective = detectionObjective(context.task, seed);
  const convolution = edoConvolution(space);
  const phase = { ...detectorPhase(context.task, convolution), learningRate: rate(PROTOCOL.learningRate, steps) };
  const { spec } = trainingStep(objective, { optimizer: phase.optimizer, convolution });
  const training = await createTraining({
    engine: context.engine,
    objective,
    steps,
    seed,
    initial: edoInitial(initial, spec),
    phases: [phase],
  });
  for await (const event of training.events()) report(`edo ${seed}`, event, steps);
  const scheme = edoScheme(space, await training.values(), 'backbone.body', TOOL);
  await training.dispose();
  return scheme;
}

/** A scheme as an architecture whose channels are groups of their own. */
function oneHot({ convolutions, genotypes }: Scheme): Probabilities {
  return Object.fromEntries(
    [...convolutions].map(([name, choice]) => [
      name,
      Array.from(choice, (chosen) => genotypes.map((_, g) => (g === chosen ? 1 : 0))),
    ]),
  );
}
