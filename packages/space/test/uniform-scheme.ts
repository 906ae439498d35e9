import {
  type BackboneConfig,
  convolutionSites,
  createScheme,
  type Genotype,
  type Provenance,
  type Scheme,
} from '../src/index.js';

/** The same genotype for all channels of all convolutions of a backbone, in whatever space. */
export function uniformScheme(config: BackboneConfig, genotype: Genotype, provenance: Provenance): Scheme {
  const genotypes = genotype.join() === '1,1' ? [genotype] : ([[1, 1], genotype] as const);
  const convolutions = convolutionSites(config).map(
    ({ name, channels }) => [name, new Int32Array(channels).fill(genotypes.length - 1)] as const,
  );
  return createScheme({ backbone: config.name, genotypes, convolutions, provenance });
}
