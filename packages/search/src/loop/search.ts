import { check, type Engine, NatsError, type TensorData, tensorData } from '@nats/graph';
import type { LatencyTable, SearchSpace } from '@nats/space';
import {
  adam,
  type CheckpointOptions,
  type Collective,
  constantRate,
  createTraining,
  type Json,
  type Objective,
  type Optimizer,
  type ParameterRule,
  type Phase,
  type Schedule,
  type Training,
  type TrainingEvent,
  type TrainingOptions,
} from '@nats/train/core';
import { samplingFeeds } from '../relaxations/sampling.js';
import {
  ARCHITECTURE,
  isArchitecture,
  isSampled,
  type Relaxation,
  relaxationForWeights,
  supernetConvolution,
} from '../relaxations/supernet.js';
import { type Architecture, architectureOfValues } from './architecture.js';
import { LATENCY_WEIGHT } from './expected-latency.js';
import { secondOrderUpdate, UNROLLED_RATE } from './second-order.js';
import { ENTROPY_WEIGHT, supernetObjective } from './supernet-objective.js';

/** How the weights of the supernet are fitted. */
export interface WeightOptions {
  readonly optimizer: Optimizer;
  readonly learningRate: Schedule;
  readonly rules?: readonly ParameterRule[];
  readonly clipNorm?: number;
  readonly normalization?: Phase['normalization'];
}

/** Of Adam for the architecture (DARTS, FNA). */
export const ARCHITECTURE_BETAS = [0.5, 0.999] as const;

/** How the architecture is fitted. */
export interface ArchitectureOptions {
  /** First step (0, 1, …) in which the architecture moves: weights are warmed up before. Default: 30 % of the steps. */
  readonly start?: number;
  /** The architecture moves in every n-th step from then on; default 1 (FNA). */
  readonly every?: number;
  /** Default: Adam with betas (0.5, 0.999), as DARTS and FNA, and no weight decay (our choice). */
  readonly optimizer?: Optimizer;
  /** Default 0.1 (our choice: 3e-4 to 3e-2 leave mixing weights near uniform in a search of a thousand steps). */
  readonly learningRate?: Schedule;
  /** Weight of the architecture's entropy in its loss, by step; positive values sharpen. Default: none. */
  readonly entropy?: Schedule;
  /**
   * What the architecture is expected to add to the original's latency (`expectedLatency`; 0.1: a tenth) in its loss, times a
   * weight by step. Default: none.
   */
  readonly latency?: { readonly table: LatencyTable; readonly weight: Schedule };
  /** Limit on the length of its gradient; default: none. */
  readonly clipNorm?: number;
  /**
   * 1 (default): the gradient at the present weights. 2: at the weights that one step would lead to, see
   * `secondOrderUpdate`; four gradients instead of one.
   */
  readonly order?: 1 | 2;
}

/** Options of `createSearch`. */
export interface SearchOptions {
  readonly engine: Engine;
  readonly objective: Objective;
  readonly space: SearchSpace;
  /** Default: exact, in the cheaper form. */
  readonly relaxation?: Relaxation;
  readonly steps: number;
  readonly weights: WeightOptions;
  readonly architecture?: ArchitectureOptions;
  /**
   * Splits of the objective that weights and architecture are fitted on: two disjoint halves of the training data. The same
   * name twice is a single-level search. Default `weights` and `architecture`.
   */
  readonly splits?: { readonly weights: string; readonly architecture: string };
  /** Temperature of the sampled relaxation with GDAS's estimator, by step; default: 1 falling linearly to 0.1 (our choice). */
  readonly temperature?: Schedule;
  /** Seed of initial values and samples; default 0. */
  readonly seed?: number;
  /** Pretrained weights, by full name. */
  readonly initial?: ReadonlyMap<string, TensorData>;
  readonly checkpoints?: CheckpointOptions;
  /** The processes of a data-parallel search; see `TrainingOptions`. All have the same architecture and samples. */
  readonly collective?: Collective;
  /** Steps between `architecture` events; default: 50 of them. */
  readonly report?: number;
  readonly config?: Json;
}

/** The architecture as it is after a step: kept, it lets any step be decoded later. */
export interface ArchitectureEvent {
  readonly type: 'architecture';
  readonly step: number;
  /** Site to K rows of G probabilities. */
  readonly probabilities: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** What a search tells while it runs. */
export type SearchEvent = TrainingEvent | ArchitectureEvent;

/** A search that can be run, stopped and resumed. */
export interface Search {
  /** The training under it: its state, step and checkpoints. */
  readonly training: Training;
  /** Runs the search; `signal` ends it after the step under way, with a checkpoint if there are any. */
  events(options?: { readonly signal?: AbortSignal }): AsyncGenerator<SearchEvent, void, void>;
  /** What the search prefers now. */
  architecture(): Promise<Architecture>;
  dispose(): Promise<void>;
}

/**
 * Prepares a search: first-order alternating optimization (DARTS, Liu et al. 2019, section 2.3, as FNA and Hit-Detector use
 * it for detection). Every step fits the weights on one half of the data; from `start` on it then fits the architecture on
 * the other half. Architecture steps never move running statistics. The loop, its checkpoints and resuming are those of
 * @nats/train: a resumed search equals the uninterrupted one bit for bit.
 * @throws NatsError `attribute` for options that contradict each other and for an objective whose loss does not build the
 * space's convolutions by `options.convolution`, `name` for a split that the objective lacks
 */
export async function createSearch(options: SearchOptions): Promise<Search> {
  const { space, steps } = options;
  const report = options.report ?? Math.max(1, Math.floor(steps / 50));
  const training = await createTraining(trainingOptions(options));
  const architecture = async () => architectureOfValues(space, await training.state.read(architectureNames(space)));
  return {
    training,
    architecture,
    events: async function* ({ signal } = {}) {
      for await (const event of training.events(signal ? { signal } : {})) {
        if (event.type === 'step') checkFiniteArchitecture(await architecture(), event.step);
        yield event;
        if (event.type !== 'step' || (event.step % report !== 0 && event.step !== steps)) continue;
        const { sites } = await architecture();
        const probabilities = Object.fromEntries([...sites].map(([name, site]) => [name, site.probabilities]));
        yield { type: 'architecture', step: event.step, probabilities };
      }
    },
    dispose: () => training.dispose(),
  };
}

function architectureNames(space: SearchSpace): string[] {
  return space.sites.map(({ name }) => `${ARCHITECTURE}.${name}`);
}

function trainingOptions(options: SearchOptions): TrainingOptions {
  const { engine, space, steps, seed = 0, relaxation = { kind: 'exact' }, config, architecture = {} } = options;
  const objective = supernetObjective(
    options.objective,
    space,
    relaxation,
    architecture.entropy !== undefined,
    architecture.latency?.table,
  );
  const { initial, checkpoints, collective } = options;
  const start = architecture.start ?? Math.floor(steps * 0.3);
  check(space.sites.length > 0, 'attribute', () => ({
    rule: 'a search has at least one searchable convolution',
    received: `none in the space of ${space.backbone}`,
    limit: 'a space of other stages or positions',
  }));
  check(Number.isInteger(start) && start >= 0 && start < steps, 'attribute', () => ({
    rule: 'the architecture moves in some steps of a search',
    received: `start ${start} of ${steps} steps`,
    limit: `a whole number from 0 to ${steps - 1}`,
  }));
  const { every = 1 } = architecture;
  check(Number.isInteger(every) && every >= 1, 'attribute', () => ({
    rule: 'the architecture moves in every n-th step',
    received: `every ${every}`,
    limit: 'a whole number of at least 1',
  }));
  return {
    engine,
    objective,
    steps,
    seed,
    phases: phasesOf(options, relaxation, start),
    ...(initial && { initial }),
    ...(checkpoints && { checkpoints }),
    ...(collective && { collective }),
    config: {
      search: {
        backbone: space.backbone,
        genotypes: space.genotypes.map((g) => [...g]),
        sites: space.sites.map(({ name, channelGroups }) => [name, channelGroups]),
      },
      relaxation: { ...relaxation },
      start,
      every,
      caller: config,
    },
  };
}

function phasesOf(options: SearchOptions, relaxation: Relaxation, start: number): [Phase, Phase] {
  const { space, steps, seed = 0, weights, architecture = {}, splits } = options;
  const {
    every = 1,
    order = 1,
    clipNorm = NO_LIMIT,
    optimizer = adam({ betas: ARCHITECTURE_BETAS }),
    learningRate = constantRate(0.1),
    entropy,
    latency,
  } = architecture;
  const temperature = options.temperature ?? ((step: number) => 1 - (0.9 * step) / Math.max(1, steps - 1));
  // Weights and architecture see different samples of one step.
  const feeds = (stream: number) => (step: number) => ({
    ...(isSampled(relaxation) && samplingFeeds(space, seed, 2 * step + stream, temperature(step))),
    ...(stream === 1 && order === 2 && { [UNROLLED_RATE]: scalar(weights.learningRate(step)) }),
    ...(entropy && { [ENTROPY_WEIGHT]: scalar(entropy(step)) }),
    ...(latency && { [LATENCY_WEIGHT]: scalar(latency.weight(step)) }),
  });
  const forWeights = relaxationForWeights(relaxation);
  const { weights: weightSplit = 'weights', architecture: architectureSplit = 'architecture' } = splits ?? {};
  checkSplits(options.objective, weightSplit, architectureSplit);
  checkDisjoint(options.objective, weightSplit, architectureSplit);
  return [
    {
      ...weights,
      name: 'weights',
      split: weightSplit,
      only: (name) => !isArchitecture(name),
      ...(forWeights !== relaxation && { convolution: supernetConvolution(space, forWeights) }),
      feeds: feeds(0),
    },
    {
      name: 'architecture',
      split: architectureSplit,
      slots: 'architectureOptimizer',
      statistics: 'keep',
      only: isArchitecture,
      optimizer,
      learningRate,
      clipNorm,
      ...(order === 2 && {
        update: secondOrderUpdate({
          weightSplit,
          isArchitecture,
          ...(weights.rules && { rules: weights.rules }),
        }),
      }),
      when: (step) => step >= start && (step - start) % every === 0,
      ...(weights.normalization && { normalization: weights.normalization }),
      feeds: feeds(1),
    },
  ];
}

/** Clips nothing, but has the gradient's length reported, and with it checked to be finite. */
const NO_LIMIT = 1e30;

function scalar(value: number): TensorData {
  return tensorData('float32', [], [value]);
}

function checkSplits({ splits, batchSize }: Objective, ...names: readonly string[]): void {
  for (const name of names) {
    const split = Object.hasOwn(splits, name) ? splits[name] : undefined;
    check(split !== undefined, 'name', () => ({
      rule: 'a search fits weights and architecture on splits of its objective',
      received: `'${name}'`,
      limit: Object.keys(splits).join(', '),
    }));
    check(split.size >= batchSize, 'attribute', () => ({
      rule: 'each half of the data holds at least one batch',
      received: `${split.size} examples`,
      limit: `${batchSize} examples`,
      where: name,
    }));
  }
}

/** Batches of each half that are compared: equal or overlapping halves show in far fewer. */
const COMPARED_BATCHES = 64;

/** As far as the objective tells which examples its batches hold. The same split twice is a single-level search. */
function checkDisjoint(objective: Objective, weights: string, architecture: string): void {
  if (weights === architecture || !objective.identify) return;
  const examplesOf = (name: string) => {
    const batches = Math.min(COMPARED_BATCHES, Math.ceil(objective.splits[name]!.size / objective.batchSize));
    return Array.from({ length: batches }, (_, step) => objective.identify!(name, step)).flat();
  };
  const seen = new Set(examplesOf(weights));
  const common = examplesOf(architecture).find((example) => seen.has(example));
  check(common === undefined, 'attribute', () => ({
    rule: 'weights and architecture are fitted on examples of their own',
    received: `${common} in both '${weights}' and '${architecture}'`,
    limit: 'two disjoint halves of the training data, or one split for both: a single-level search',
  }));
}

function checkFiniteArchitecture({ sites }: Architecture, step: number): void {
  for (const [name, { probabilities }] of sites) {
    if (probabilities.every((row) => row.every(Number.isFinite))) continue;
    throw new NatsError('not-finite', {
      rule: 'the architecture stays finite',
      received: `a probability that is not, after step ${step}`,
      limit: 'a lower learning rate of the architecture, or clipped gradients of the weights',
      where: name,
    });
  }
}
