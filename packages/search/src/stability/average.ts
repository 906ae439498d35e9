import { check } from '@nats/graph';
import { formatGenotype } from '@nats/space';
import type { Architecture } from '../loop/architecture.js';

/**
 * The mean of what several searches of one space prefer, probability by probability: what they have in common stays, what
 * each found by chance moves towards uniform. Decode it like one search's.
 * @throws NatsError `attribute` for none, or for searches of different spaces
 */
export function averageArchitectures(architectures: readonly Architecture[]): Architecture {
  const [first] = architectures;
  check(first !== undefined, 'attribute', () => ({
    rule: 'an average is of at least one search',
    received: 'none',
  }));
  const identity = spaceText(first!);
  for (const other of architectures) {
    check(spaceText(other) === identity, 'attribute', () => ({
      rule: 'searches that are averaged chose in one space',
      received: spaceText(other),
      limit: identity,
    }));
  }
  const sites = new Map(
    [...first!.sites].map(([name, preferences]) => {
      const probabilities = preferences.probabilities.map((row, k) =>
        row.map(
          (_, g) =>
            architectures.reduce((sum, { sites }) => sum + sites.get(name)!.probabilities[k]![g]!, 0) /
            architectures.length,
        ),
      );
      return [name, { ...preferences, probabilities }] as const;
    }),
  );
  return { space: first!.space, sites };
}

function spaceText({ space: { backbone, genotypes, sites } }: Architecture): string {
  const layers = sites.map(({ name, channelGroups }) => `${name}/${channelGroups}`).join(' ');
  return `${backbone} ${genotypes.map(formatGenotype).join(' ')}: ${layers}`;
}
