import { check, NatsError } from '@nats/graph';

/**
 * What a channel may choose: the dilation of its 3x3 kernel, `[vertical, horizontal]`. It multiplies the convolution's
 * own dilation, which is 1 except where an output stride is kept by dilation, so `[1, 1]` is always the plain network.
 */
export type Genotype = readonly [number, number];

/** Larger dilations than this have no use on any image; the limit keeps files honest. */
export const MAX_DILATION = 64;
export const MAX_GENOTYPES = 256;

/** The genotype (1, 1): no dilation, the pretrained network. */
export const PLAIN: Genotype = [1, 1];

/** `[1, 1]` to `[max, max]`. */
export function isotropicGenotypes(max: number): Genotype[] {
  return Array.from({ length: max }, (_, i): Genotype => [i + 1, i + 1]);
}

/** All pairs of 1 to max, row by row: `[1, 1]`, `[1, 2]`, …, `[max, max]`. */
export function anisotropicGenotypes(max: number): Genotype[] {
  return isotropicGenotypes(max).flatMap(([dh]) => isotropicGenotypes(max).map(([dw]): Genotype => [dh, dw]));
}

/** Whether two genotypes dilate alike. */
export function sameGenotype(a: Genotype, b: Genotype): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** `1x2`: vertical times horizontal. */
export function formatGenotype([dh, dw]: Genotype): string {
  return `${dh}x${dw}`;
}

/** Reads `2` as `[2, 2]` and `1x2` as `[1, 2]`. @throws NatsError `attribute` */
export function parseGenotype(text: string): Genotype {
  const match = /^(\d{1,3})(?:x(\d{1,3}))?$/.exec(text.trim());
  if (!match) {
    throw new NatsError('attribute', {
      rule: 'a genotype is a dilation, or two of them',
      received: `'${text}'`,
      limit: "'2' or '1x2' (vertical x horizontal)",
    });
  }
  const genotype: Genotype = [Number(match[1]), Number(match[2] ?? match[1])];
  checkGenotypes([genotype]);
  return genotype;
}

/**
 * Checks a list of genotypes.
 * @throws NatsError `attribute` for an empty list, one twice, or dilations that are no whole numbers from 1
 * @throws NatsError `attribute` for an empty or too long list, a dilation out of range, or a repeated genotype
 */
export function checkGenotypes(genotypes: readonly Genotype[], where?: string): void {
  const place = where === undefined ? {} : { where };
  check(genotypes.length >= 1 && genotypes.length <= MAX_GENOTYPES, 'attribute', () => ({
    rule: 'there is at least one genotype',
    received: `${genotypes.length}`,
    limit: `1 to ${MAX_GENOTYPES}`,
    ...place,
  }));
  const seen = new Set<string>();
  for (const genotype of genotypes) {
    const valid = genotype.length === 2 && genotype.every((d) => Number.isInteger(d) && d >= 1 && d <= MAX_DILATION);
    check(valid, 'attribute', () => ({
      rule: 'a genotype is [vertical, horizontal] dilation',
      received: JSON.stringify(genotype),
      limit: `whole numbers from 1 to ${MAX_DILATION}`,
      ...place,
    }));
    check(!seen.has(genotype.join()), 'attribute', () => ({
      rule: 'genotypes differ from each other',
      received: `${formatGenotype(genotype)} twice`,
      ...place,
    }));
    seen.add(genotype.join());
  }
}
