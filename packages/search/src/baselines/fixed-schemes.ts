import { check, hash32, hashUniform, seedOf } from '@nats/graph';
import {
  createScheme,
  formatGenotype,
  type Genotype,
  type Provenance,
  type Scheme,
  type SearchableSite,
  type SearchSpace,
  sameGenotype,
} from '@nats/space';
import { contiguous } from '../decoders/preferences.js';

/** Chooses a genotype index for each unit of channels that can not be parted. */
type UnitChoice = (site: SearchableSite, units: number) => ArrayLike<number>;

function schemeOf(space: SearchSpace, provenance: Provenance, method: string, choose: UnitChoice): Scheme {
  return createScheme({
    backbone: space.backbone,
    genotypes: space.genotypes,
    convolutions: space.sites.map((site) => {
      const choice = choose(site, site.channels / site.unit);
      return [
        site.name,
        Int32Array.from({ length: site.channels }, (_, c) => choice[Math.floor(c / site.unit)]!),
      ] as const;
    }),
    provenance: { method, ...provenance },
  });
}

/** Position of a genotype in a space. @throws NatsError `attribute` if it is not in it */
export function genotypeIndex(space: SearchSpace, genotype: Genotype): number {
  const index = space.genotypes.findIndex((other) => sameGenotype(other, genotype));
  check(index >= 0, 'attribute', () => ({
    rule: 'a genotype is one of the space',
    received: formatGenotype(genotype),
    limit: space.genotypes.map(formatGenotype).join(', '),
  }));
  return index;
}

/** Every channel of every searchable convolution has the same genotype; `[1, 1]` is the original network. */
export function uniformScheme(space: SearchSpace, genotype: Genotype, provenance: Provenance): Scheme {
  const index = genotypeIndex(space, genotype);
  return schemeOf(space, provenance, `uniform ${formatGenotype(genotype)}`, (_, units) =>
    new Int32Array(units).fill(index),
  );
}

/**
 * Genotypes follow each other channel by channel: 0, 1, 2, 0, 1, 2, … PSConv (Li et al. 2020) varies the dilation over input
 * and output channels; a scheme has one genotype for each output channel, so this is PSConv-like. A strong baseline.
 * @param genotypes in the order of the cycle; default: all of the space
 */
export function cyclicScheme(
  space: SearchSpace,
  provenance: Provenance,
  genotypes: readonly Genotype[] = space.genotypes,
): Scheme {
  const cycle = genotypes.map((genotype) => genotypeIndex(space, genotype));
  const method = `cyclic ${genotypes.map(formatGenotype).join(' ')}`;
  return schemeOf(space, provenance, method, (_, units) =>
    Int32Array.from({ length: units }, (_, u) => cycle[u % cycle.length]!),
  );
}

/** Channels of each genotype, by convolution. */
export type Histogram = ReadonlyMap<string, readonly number[]>;

/** Channels of each genotype in every convolution of a scheme, in the scheme's order of genotypes. */
export function histogramOf(scheme: Scheme): Histogram {
  return new Map(
    [...scheme.convolutions].map(([name, choice]) => [
      name,
      scheme.genotypes.map((_, g) => choice.reduce((count, index) => count + (index === g ? 1 : 0), 0)),
    ]),
  );
}

/**
 * As many channels of each genotype as a histogram says, in a random permutation: what remains of a found scheme when
 * the choice of single channels is taken away.
 */
export function randomScheme(space: SearchSpace, histogram: Histogram, seed: number, provenance: Provenance): Scheme {
  return schemeOf(space, { seed, ...provenance }, 'random with a given histogram', (site, units) => {
    const counts = histogram.get(site.name) ?? [];
    const total = counts.reduce((sum, count) => sum + count, 0);
    const whole = counts.every((count) => count % site.unit === 0);
    check(total === site.channels && whole && counts.length === space.genotypes.length, 'attribute', () => ({
      rule: "a histogram counts a convolution's channels by genotype, in whole units",
      received: `[${counts.join(', ')}]`,
      limit: `${site.channels} channels in units of ${site.unit}`,
      where: site.name,
    }));
    const own = hash32(seedOf(seed, site.name), units);
    return shuffle(contiguous(counts.map((count) => count / site.unit)), own);
  });
}

/** Fisher and Yates. */
function shuffle(values: Int32Array, seed: number): Int32Array {
  const result = values.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(hashUniform(seed, i) * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** A scheme that keeps only what another chose in some stages; elsewhere the original. */
export function restrictedScheme(scheme: Scheme, names: (site: string) => boolean): Scheme {
  return { ...scheme, convolutions: new Map([...scheme.convolutions].filter(([name]) => names(name))) };
}
