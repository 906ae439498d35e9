import { hash32, seedOf } from '@nats/graph';
import {
  type BackboneConfig,
  channelUnit,
  convolutionSites,
  createScheme,
  type Genotype,
  type Scheme,
} from '../src/index.js';

/** The scheme of tools/golden/space.py: hashed genotypes of whole units; about every fifth convolution stays plain. */
export function goldenScheme(config: BackboneConfig, genotypes: readonly Genotype[], seed: number): Scheme {
  const convolutions = convolutionSites(config)
    .filter(({ name }) => hash32(seedOf(seed, `plain ${name}`), 0) % 5 !== 0)
    .map((site): [string, Int32Array] => {
      const own = seedOf(seed, `genotype ${site.name}`);
      const unit = channelUnit(site);
      const genotype = (c: number) => hash32(own, Math.floor(c / unit)) % genotypes.length;
      return [site.name, Int32Array.from({ length: site.channels }, (_, c) => genotype(c))];
    });
  return createScheme({
    backbone: config.name,
    genotypes,
    convolutions,
    provenance: { tool: { name: 'tools/golden/space.py', version: '0' } },
  });
}
