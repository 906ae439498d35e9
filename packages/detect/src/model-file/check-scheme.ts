import { check, type Pair, type Program } from '@nats/graph';
import { formatGenotype, PLAIN, sameGenotype, schemeFromJson } from '@nats/space';

/**
 * Checks that a program was built with the scheme that a file is going to name: every dilation that the scheme gives to a
 * channel is that of some convolution.
 * @param text the scheme's JSON
 * @throws NatsError `attribute` naming the dilations that the program lacks; `malformed` if the text is no scheme
 */
export function checkScheme({ nodes }: Program, text: string): void {
  const { genotypes, convolutions } = schemeFromJson(text);
  const used = new Set([...convolutions.values()].flatMap((choice) => [...choice]));
  const built = nodes.flatMap(({ attributes }) => dilationsOf(attributes));
  const missing = [...used]
    .map((index) => genotypes[index]!)
    .filter(
      (genotype) => !sameGenotype(genotype, PLAIN) && !built.some((dilation) => sameGenotype(dilation, genotype)),
    );
  check(missing.length === 0, 'attribute', () => ({
    rule: 'a file names the scheme that its network was built with',
    received: `no convolution with dilation ${missing.map(formatGenotype).join(', ')}`,
    limit: 'build the candidates with { convolution: schemeBuilder(scheme) }, or use exportDetector',
    where: 'scheme',
  }));
}

function dilationsOf(attributes: unknown): readonly Pair[] {
  const { dilation, genotypes = [] } = (attributes ?? {}) as { dilation?: Pair; genotypes?: readonly Pair[] };
  return dilation ? [dilation] : genotypes;
}
