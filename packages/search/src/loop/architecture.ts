import { check, type TensorData } from '@nats/graph';
import {
  createScheme,
  formatGenotype,
  PLAIN,
  type Provenance,
  type Scheme,
  type SearchSpace,
  sameGenotype,
} from '@nats/space';
import { type DecodeOptions, decode } from '../decoders/decode.js';
import { preferOriginal } from '../decoders/margin.js';
import { intensities, type Preferences } from '../decoders/preferences.js';
import { ARCHITECTURE } from '../relaxations/supernet.js';

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
  const { margin = 1, ...decoding } = options;
  const original = space.genotypes.findIndex((genotype) => sameGenotype(genotype, PLAIN));
  check(margin === 1 || original >= 0, 'attribute', () => ({
    rule: 'a margin is between (1,1) and its dilations',
    received: `margin ${margin} with the genotypes ${space.genotypes.map(formatGenotype).join(', ')}`,
    limit: 'a space with (1,1), or margin 1',
  }));
  return createScheme({
    backbone: space.backbone,
    genotypes: space.genotypes,
    convolutions: [...sites].map(
      ([name, preferences]) => [name, decode(preferOriginal(preferences, original, margin), decoding)] as const,
    ),
    provenance: { method: `decoded ${options.method}${margin === 1 ? '' : `, margin ${margin}`}`, ...provenance },
  });
}
