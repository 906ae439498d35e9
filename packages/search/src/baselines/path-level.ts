import type { SearchSpace } from '@nats/space';

/**
 * The same space with one choice for each convolution instead of each channel group: what DARTS-like searches of dilations
 * choose (path level). Search it, then decode by `argmax`.
 */
export function pathLevelSpace(space: SearchSpace): SearchSpace {
  return {
    ...space,
    sites: space.sites.map((site) => ({ ...site, channelGroups: 1 })),
    log10Size: space.sites.length * Math.log10(space.genotypes.length),
  };
}
