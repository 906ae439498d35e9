import type { DetectorConvention } from '@nats/detect/core';
import { schemeFromJson } from '@nats/space';

/** Dilations of a transformed backbone in words, those that channels have; undefined for an original one. */
export function schemeWords({ scheme }: Pick<DetectorConvention, 'scheme'>): string | undefined {
  if (scheme === undefined) return undefined;
  const { convolutions, genotypes } = schemeFromJson(scheme);
  const used = new Set([...convolutions.values()].flatMap((channels) => [...channels]));
  const names = genotypes.flatMap(([vertical, horizontal], g) => (used.has(g) ? [`${vertical}×${horizontal}`] : []));
  return `${convolutions.size} convolutions with dilations ${names.join(', ')}`;
}
