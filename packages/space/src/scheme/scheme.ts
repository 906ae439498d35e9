import { check, NatsError } from '@nats/graph';
import { type BackboneConfig, type ConvolutionSite, convolutionSites } from '../backbones/index.js';
import { checkGenotypes, type Genotype, PLAIN, sameGenotype } from '../genotypes.js';
import { channelUnit } from '../search-space.js';

/** Where a scheme comes from. All fields but `tool` are for people and for checks by callers; none changes a result. */
export interface Provenance {
  readonly tool: { readonly name: string; readonly version: string };
  /** How it was found: 'search, proportional', 'random', 'hand-designed'. */
  readonly method?: string;
  readonly seed?: number;
  /** The configuration that produced it, as JSON. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly dataset?: { readonly name: string; readonly fingerprint: string };
  /** ISO 8601. */
  readonly created?: string;
  readonly note?: string;
}

/** One genotype for every output channel of every chosen convolution of a backbone. */
export interface Scheme {
  /** Name of the backbone's config. */
  readonly backbone: string;
  readonly genotypes: readonly Genotype[];
  /**
   * By site name, in forward order: an index into `genotypes` for each output channel, in the order of the plain
   * network's channels. Convolutions that are not named stay plain.
   */
  readonly convolutions: ReadonlyMap<string, Int32Array>;
  readonly provenance: Provenance;
}

/** What a scheme is made of (`createScheme`). */
export interface SchemeParts {
  readonly backbone: string;
  readonly genotypes: readonly Genotype[];
  readonly convolutions: Iterable<readonly [string, ArrayLike<number>]>;
  readonly provenance: Provenance;
}

export const MAX_CONVOLUTIONS = 10_000;
export const MAX_CHANNELS = 1_000_000;

/** Checks and copies. @throws NatsError `attribute` or `name` naming the convolution */
export function createScheme({ backbone, genotypes, convolutions, provenance }: SchemeParts): Scheme {
  checkGenotypes(genotypes);
  const checked = new Map<string, Int32Array>();
  for (const [name, choice] of convolutions) {
    check(name.length > 0 && !checked.has(name), 'name', () => ({
      rule: 'each convolution of a scheme is named once',
      received: `'${name}'`,
    }));
    checkChoice(name, choice, genotypes.length);
    checked.set(name, Int32Array.from(choice));
  }
  return { backbone, genotypes: genotypes.map(([dh, dw]): Genotype => [dh, dw]), convolutions: checked, provenance };
}

function checkChoice(name: string, choice: ArrayLike<number>, genotypes: number): void {
  check(choice.length >= 1 && choice.length <= MAX_CHANNELS, 'attribute', () => ({
    rule: 'a convolution has at least one channel',
    received: `${choice.length}`,
    limit: `1 to ${MAX_CHANNELS}`,
    where: name,
  }));
  for (let c = 0; c < choice.length; c++) {
    const index = choice[c]!;
    check(Number.isInteger(index) && index >= 0 && index < genotypes, 'attribute', () => ({
      rule: "a channel's genotype is an index into the scheme's genotypes",
      received: `${index} for channel ${c}`,
      limit: `0 to ${genotypes - 1}`,
      where: name,
    }));
  }
}

/** Does the scheme fit this network? @throws NatsError `name` or `shape` that says which convolution does not */
export function checkSchemeFits(scheme: Scheme, config: BackboneConfig): void {
  const sites = new Map(convolutionSites(config).map((site) => [site.name, site]));
  for (const [name, choice] of scheme.convolutions) {
    const site = sites.get(name);
    if (!site) {
      throw new NatsError('name', {
        rule: "a scheme's convolutions are 3x3 convolutions of the backbone's blocks",
        received: `'${name}'${scheme.backbone === config.name ? '' : ` of a scheme for ${scheme.backbone}`}`,
        limit: `for example ${[...sites.keys()].slice(0, 3).join(', ')}`,
        where: config.name,
      });
    }
    checkChoiceFits(choice, site);
  }
}

/** @throws NatsError `shape` for another number of channels, or if a group of a grouped convolution is parted */
export function checkChoiceFits(choice: Int32Array, site: ConvolutionSite): void {
  check(choice.length === site.channels, 'shape', () => ({
    rule: 'a scheme has one genotype for each output channel',
    received: `${choice.length}`,
    limit: `${site.channels}`,
    where: site.name,
  }));
  const unit = channelUnit(site);
  const parted = choice.findIndex((index, c) => index !== choice[c - (c % unit)]);
  check(parted < 0, 'shape', () => ({
    rule: 'the output channels of one group of a grouped convolution have one genotype',
    received: `channel ${parted} differs from channel ${parted - (parted % unit)}`,
    limit: `runs of ${unit} channels`,
    where: site.name,
  }));
}

/** How many channels of a convolution have each genotype, in the order of `scheme.genotypes`. */
export function countGenotypes(choice: Int32Array, genotypes: number): number[] {
  const counts = new Array<number>(genotypes).fill(0);
  for (const index of choice) counts[index]!++;
  return counts;
}

/** `[genotype index, channels]` of each run of equal neighbors. */
export function runsOf(choice: ArrayLike<number>): [number, number][] {
  const runs: [number, number][] = [];
  for (let c = 0; c < choice.length; c++) {
    const last = runs.at(-1);
    if (last && last[0] === choice[c]) last[1]++;
    else runs.push([choice[c]!, 1]);
  }
  return runs;
}

/** Whether a scheme leaves the network as it is: all channels have dilation (1,1). A search that found nothing ends so. */
export function keepsOriginal({ convolutions, genotypes }: Scheme): boolean {
  return [...convolutions.values()].every((choice) => choice.every((index) => sameGenotype(genotypes[index]!, PLAIN)));
}
