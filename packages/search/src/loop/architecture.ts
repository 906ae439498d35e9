import { check, type TensorData } from '@nats/graph';
import {
  createScheme,
  formatGenotype,
  type LatencyTable,
  PLAIN,
  type Provenance,
  type Scheme,
  type SearchSpace,
  sameGenotype,
} from '@nats/space';
import { decodeUnderBudget } from '../decoders/budget.js';
import { type DecodeOptions, decode } from '../decoders/decode.js';
import { preferOriginal } from '../decoders/margin.js';
import { intensities, type Preferences } from '../decoders/preferences.js';
import { ARCHITECTURE } from '../relaxations/supernet.js';
import { spaceLatency } from './latency-costs.js';

/** What a search found: for every searched convolution how much each channel group prefers each genotype. */
export interface Architecture {
  readonly space: SearchSpace;
  readonly sites: ReadonlyMap<string, Preferences>;
}

/** Architecture parameters as probabilities: softmax over genotypes, in float64. */
export function architectureOfValues(space: SearchSpace, values: ReadonlyMap<string, TensorData>): Architecture {
  const sites = new Map(
    space.sites.map(({ name, channels, unit }) => {
      const { shape, data } = values.get(`${ARCHITECTURE}.${name}`)!;
      const [groups, genotypes] = shape as [number, number];
      const probabilities = Array.from({ length: groups }, (_, k) =>
        softmax(Array.from(data.subarray(k * genotypes, (k + 1) * genotypes))),
      );
      return [name, { probabilities, channels, unit }];
    }),
  );
  return { space, sites };
}

/** From what an `architecture` event holds: decodes any step of a search later. */
export function architectureOfEvent(
  space: SearchSpace,
  probabilities: Readonly<Record<string, readonly (readonly number[])[]>>,
): Architecture {
  const sites = new Map(
    space.sites.map(({ name, channels, unit }) => [name, { probabilities: probabilities[name]!, channels, unit }]),
  );
  return { space, sites };
}

function softmax(row: readonly number[]): number[] {
  const largest = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Mean probability of each genotype, per convolution: what proportional decoding goes by. */
export function intensitiesBySite({ sites }: Architecture): Record<string, number[]> {
  return Object.fromEntries([...sites].map(([name, preferences]) => [name, intensities(preferences)]));
}

/** How a scheme is decoded: `decode`'s options, and how clear the evidence against (1,1) must be. */
export interface SchemeDecodeOptions extends DecodeOptions {
  /**
   * How many times as probable as (1,1) a dilation must be to replace it; default 1. Above 1 only clear evidence dilates, see
   * `preferOriginal`: where pretrained weights do not gain, the original is kept.
   */
  readonly margin?: number;
  /**
   * Most latency of the scheme, and how it is told. Then each group gets the genotype that keeps most of the sum over channels
   * of log-probabilities within it, see `decodeUnderBudget`; without a limit that is `argmax`, whose option it is.
   */
  readonly budget?: LatencyBudget;
}

/** How much slower than the original a scheme may be. */
export interface LatencyBudget {
  /** Of the original's latency, 1 or more: 1 allows nothing that costs time. */
  readonly maxLatency: number;
  /** Of the space's backbone and its genotypes. */
  readonly table: LatencyTable;
}

/**
 * The scheme that an architecture stands for.
 * @throws NatsError as `decode`; `attribute` for a margin in a space without (1,1)
 */
export function decodeScheme(
  { space, sites }: Architecture,
  options: SchemeDecodeOptions,
  provenance: Provenance,
): Scheme {
  const { margin = 1, budget, ...decoding } = options;
  const original = space.genotypes.findIndex((genotype) => sameGenotype(genotype, PLAIN));
  check(margin === 1 || original >= 0, 'attribute', () => ({
    rule: 'a margin is between (1,1) and its dilations',
    received: `margin ${margin} with the genotypes ${space.genotypes.map(formatGenotype).join(', ')}`,
    limit: 'a space with (1,1), or margin 1',
  }));
  const weighed = new Map(
    [...sites].map(([name, preferences]) => [name, preferOriginal(preferences, original, margin)] as const),
  );
  const method = `decoded ${options.method}${margin === 1 ? '' : `, margin ${margin}`}`;
  return createScheme({
    backbone: space.backbone,
    genotypes: space.genotypes,
    convolutions: budget
      ? withinBudget(weighed, space, decoding, budget)
      : [...weighed].map(([name, preferences]) => [name, decode(preferences, decoding)] as const),
    provenance: { method: budget ? `${method}, latency at most ${budget.maxLatency}` : method, ...provenance },
  });
}

function withinBudget(
  sites: ReadonlyMap<string, Preferences>,
  space: SearchSpace,
  { method, multiple = 1, sharpening = 1, dropBelowUniform = false }: DecodeOptions,
  { maxLatency, table }: LatencyBudget,
): (readonly [string, Int32Array])[] {
  check(method === 'argmax' && multiple === 1 && sharpening === 1 && !dropBelowUniform, 'attribute', () => ({
    rule: 'a latency budget limits what the groups choose by argmax, and rounds as latency has it',
    received: JSON.stringify({ method, multiple, sharpening, dropBelowUniform }),
    limit: "method 'argmax' without other options, or no budget",
  }));
  const latency = spaceLatency(space, table);
  const budgeted = [...sites].map(([name, preferences]) => {
    const { model, shape } = latency.sites.get(name)!;
    const cost = (counts: readonly number[]) => {
      const own = new Array<number>(table.genotypes.length).fill(0);
      for (const [g, count] of counts.entries()) own[latency.genotypes[g]!]! += count;
      // Which channels a genotype gets is not known yet: where order costs something, it is counted.
      const parts = own.filter((count) => count > 0).length;
      return model.extra(own) + (parts > 1 ? Math.max(0, shape.contiguous) : 0);
    };
    return { preferences, cost };
  });
  const { choices } = decodeUnderBudget(budgeted, maxLatency - 1);
  return [...sites.keys()].map((name, i) => [name, choices[i]!] as const);
}
