import { cyclicScheme, histogramOf, randomScheme, uniformScheme } from '@nats/search';
import { parseGenotype, type Scheme, type SearchSpace } from '@nats/space';
import { VERSION } from '../version.js';
import type { SchemePattern } from './sweep-schema.js';

/**
 * The scheme of a pattern, over the convolutions of a space.
 * @param seed of a random order
 * @param found whose counts of channels a random order has
 * @throws NatsError `attribute` for a dilation that is not one of the space
 */
export function patternScheme(
  { pattern, genotypes }: SchemePattern,
  space: SearchSpace,
  seed: number,
  found?: Scheme,
): Scheme {
  const provenance = { tool: { name: '@nats/cli', version: VERSION } };
  const given = genotypes?.map(parseGenotype);
  switch (pattern) {
    case 'uniform':
      return uniformScheme(space, given![0]!, provenance);
    case 'cyclic':
      return cyclicScheme(space, provenance, given);
    case 'random':
      return randomScheme(space, histogramOf(found!), seed, provenance);
  }
}
