import { check, type TensorData, tensorData } from '@nats/graph';
import { createScheme, type Genotype, type Provenance, type Scheme, type SearchSpace } from '@nats/space';
import type { CheckpointOptions, CheckpointStore, Objective } from '@nats/train/core';
import { architectureOfValues } from '../loop/architecture.js';
import { createSearch, type SearchEvent, type SearchOptions } from '../loop/search.js';
import { ARCHITECTURE, isArchitecture } from '../relaxations/supernet.js';
import { pathLevelSpace } from './path-level.js';

/** Options of `rfNextSearch`. */
export interface RfNextOptions extends Omit<SearchOptions, 'checkpoints'> {
  /** How often the candidates are placed anew around the expected rates; default 3 (our choice). */
  readonly rounds?: number;
  /** How far candidates are from the present rate, on each axis; default 1. */
  readonly reach?: number;
  /** Every round keeps checkpoints of its own: in Node `(round) => checkpointDirectory(`runs/search/round-${round}`)`. */
  readonly checkpoints?: Omit<CheckpointOptions, 'store'> & { readonly store: (round: number) => CheckpointStore };
}

/** The rates of a round, by convolution: where the next one searches around. */
export interface RoundEvent {
  readonly type: 'round';
  readonly round: number;
  /** Steps done. */
  readonly step: number;
  readonly rates: Readonly<Record<string, Genotype>>;
}

/** A search by RF-Next (Gao et al. 2022), a baseline. */
export interface RfNextSearch {
  /** Runs all rounds; steps are counted over all of them. A resumed search passes over what is done, and reports its rounds. */
  events(options?: { readonly signal?: AbortSignal }): AsyncGenerator<SearchEvent | RoundEvent, void, void>;
  /** The scheme of the rates so far. */
  scheme(provenance: Provenance): Scheme;
}

/**
 * A search like the local one of RF-Next (Gao et al. 2022, section 3.3): one dilation for each convolution, among
 * candidates around the present one. After each round the rate expected under the candidates' probabilities becomes the
 * new present one, rounded to the nearest genotype of the space. It starts at the smallest dilation. RF-Next expands
 * around rates that are not in a list, and its probabilities are shares of absolute weights; here genotypes are the
 * space's and probabilities a softmax, as in all other searches, so that they compare. Weights go on from round to round,
 * optimizers begin anew.
 * @param options `steps` in all, evenly divided among the rounds; the architecture's `start` is that of the first round
 */
export function createRfNextSearch(options: RfNextOptions): RfNextSearch {
  const { rounds = 3, reach = 1, checkpoints, ...search } = options;
  check(Number.isInteger(rounds) && rounds >= 1 && search.steps >= rounds && reach >= 1, 'attribute', () => ({
    rule: 'a search in rounds has at least one, with a step in each, and candidates within at least 1',
    received: `${rounds} rounds, ${search.steps} steps, reach ${reach}`,
  }));
  const space = pathLevelSpace(search.space);
  const smallest = nearest(space, [1, 1]);
  const rates = new Map(space.sites.map(({ name }) => [name, smallest]));
  const bound = (round: number) => Math.floor((search.steps * round) / rounds);
  return {
    events: async function* ({ signal } = {}) {
      let weights = new Map(search.initial);
      for (let round = 0; round < rounds; round++) {
        const from = bound(round);
        const running = await createSearch({
          ...ofRound(search, from, bound(round + 1) - from, round),
          space,
          initial: new Map([...weights, ...candidates(space, rates, reach)]),
          ...(checkpoints && { checkpoints: ofStore(checkpoints, round) }),
        });
        try {
          for await (const event of running.events(signal ? { signal } : {})) {
            yield { ...event, step: event.step + from };
            if (event.type === 'end' && event.reason === 'aborted') return;
          }
          const values = await running.training.state.read();
          for (const [name, { probabilities }] of architectureOfValues(space, values).sites) {
            rates.set(name, expectedRate(space, probabilities[0]!));
          }
          weights = new Map([...(await running.training.values())].filter(([name]) => !isArchitecture(name)));
        } finally {
          await running.dispose();
        }
        yield { type: 'round', round, step: bound(round + 1), rates: Object.fromEntries(rates) };
      }
    },
    scheme: (provenance) =>
      createScheme({
        backbone: space.backbone,
        genotypes: space.genotypes,
        convolutions: space.sites.map(({ name, channels }) => [
          name,
          new Int32Array(channels).fill(space.genotypes.indexOf(rates.get(name)!)),
        ]),
        provenance: { method: 'RF-Next-like, one expected rate for each convolution', ...provenance },
      }),
  };
}

/** Checkpoints of one round: where a search must be there to go on, its later rounds need not have begun. */
function ofStore(
  { store, resume = 'never', ...rest }: NonNullable<RfNextOptions['checkpoints']>,
  round: number,
): CheckpointOptions {
  return { ...rest, store: store(round), resume: resume === 'always' && round > 0 ? 'if-present' : resume };
}

/** The part of a search from step `from` on: schedules and batches go on, and only the first round warms up. */
function ofRound(
  search: Omit<RfNextOptions, 'rounds' | 'reach' | 'checkpoints'>,
  from: number,
  steps: number,
  round: number,
) {
  const { objective, weights, architecture = {}, temperature } = search;
  const later =
    <T>(schedule: (step: number) => T) =>
    (step: number) =>
      schedule(step + from);
  const shifted: Objective = {
    ...objective,
    batch: (split, step) => objective.batch(split, step + from),
    ...(objective.identify && { identify: (split, step) => objective.identify!(split, step + from) }),
  };
  return {
    ...search,
    steps,
    objective: shifted,
    weights: { ...weights, learningRate: later(weights.learningRate) },
    architecture: {
      ...architecture,
      start: round > 0 ? 0 : Math.min(architecture.start ?? Math.floor(steps * 0.3), steps - 1),
      ...(architecture.learningRate && { learningRate: later(architecture.learningRate) }),
      ...(architecture.entropy && { entropy: later(architecture.entropy) }),
    },
    ...(temperature && { temperature: later(temperature) }),
  };
}

/** The mean of the genotypes under their probabilities, on each axis, and the genotype of the space nearest to it. */
export function expectedRate(space: SearchSpace, probabilities: readonly number[]): Genotype {
  const mean = (axis: 0 | 1) =>
    space.genotypes.reduce((sum, genotype, g) => sum + genotype[axis] * probabilities[g]!, 0);
  return nearest(space, [mean(0), mean(1)]);
}

function nearest({ genotypes }: SearchSpace, [h, w]: readonly [number, number]): Genotype {
  const distance = ([dh, dw]: Genotype) => (dh - h) ** 2 + (dw - w) ** 2;
  return genotypes.reduce((best, genotype) => (distance(genotype) < distance(best) ? genotype : best));
}

/** So low that its probability is exactly 0, and with it its gradient. */
const EXCLUDED = -1e4;

/** Architecture parameters that leave the genotypes around the present rates. */
function candidates(
  space: SearchSpace,
  rates: ReadonlyMap<string, Genotype>,
  reach: number,
): (readonly [string, TensorData])[] {
  return space.sites.map(({ name }) => {
    const [h, w] = rates.get(name)!;
    const values = space.genotypes.map(([dh, dw]) =>
      Math.abs(dh - h) <= reach && Math.abs(dw - w) <= reach ? 0 : EXCLUDED,
    );
    return [`${ARCHITECTURE}.${name}`, tensorData('float32', [1, values.length], values)] as const;
  });
}
