import { check, NatsError } from '@nats/graph';
import {
  type BackboneConfig,
  type BlockName,
  type ConvolutionPosition,
  type ConvolutionSite,
  convolutionSites,
  type StageName,
} from './backbones/index.js';
import { anisotropicGenotypes, checkGenotypes, type Genotype } from './genotypes.js';

/** Which convolutions are searched; what is not named is not restricted. */
export interface SiteSelection {
  readonly stages?: readonly StageName[];
  readonly blocks?: readonly BlockName[];
  readonly positions?: readonly ConvolutionPosition[];
  /** False: not those with stride 2. Default true. */
  readonly strided?: boolean;
}

/** How a convolution's output channels are divided into groups that choose together. */
export type Division =
  /** So many. */
  | { readonly groups: number }
  /** As many as divide the channels evenly, so many at most: for networks whose widths have no divisor in common. */
  | { readonly maxGroups: number }
  | { readonly channelsPerGroup: number };

/** Options of `searchSpace`. */
export interface SearchSpaceOptions {
  readonly genotypes?: readonly Genotype[];
  readonly sites?: SiteSelection;
  readonly division?: Division;
}

/**
 * The default space: NATS's as far as it is known, the rest by us.
 * - Known (NeurIPS 2019, Figures 2 and 3): candidates are dilations (h, w) of the same 3x3 kernel with shared weights,
 *   and each convolution's output channels are divided into K equal groups that choose independently.
 * - Inferred: pairs with h different from w belong to the space (the paper's study of aspect ratios).
 * - Our choice, because the paper's lists are not known: dilations 1 to 3 (as CR-NAS), in all nine pairs; K = 8, or
 *   the next smaller K that divides a convolution's channels (RegNets); every 3x3 convolution of every stage, those with stride 2 included.
 */
export const DEFAULT_SPACE = {
  genotypes: anisotropicGenotypes(3),
  sites: {},
  division: { maxGroups: 8 },
} as const satisfies Required<SearchSpaceOptions>;

/** A convolution of the space, with its channel groups. */
export interface SearchableSite extends ConvolutionSite {
  /** K: output channels k C / K to (k + 1) C / K choose together. */
  readonly channelGroups: number;
  /** Output channels that cannot be parted: those of one group of a grouped convolution, else 1. */
  readonly unit: number;
}

/** All that may be chosen. */
export interface SearchSpace {
  /** Name of the backbone's config. */
  readonly backbone: string;
  readonly genotypes: readonly Genotype[];
  /** In forward order; at least one. */
  readonly sites: readonly SearchableSite[];
  /** Decimal logarithm of the number of choices: sum over convolutions of K log10 G. */
  readonly log10Size: number;
}

/** Output channels of one group of a grouped convolution, which keep one genotype; 1 for a plain convolution. */
export function channelUnit(site: Pick<ConvolutionSite, 'channels' | 'groups'>): number {
  return site.groups === 1 ? 1 : site.channels / site.groups;
}

/**
 * The space of a backbone.
 * @throws NatsError `attribute` if nothing is left to search, or if channels are not divided evenly in whole units
 */
export function searchSpace(config: BackboneConfig, options: SearchSpaceOptions = {}): SearchSpace {
  const { genotypes = DEFAULT_SPACE.genotypes, sites: selection = {}, division = DEFAULT_SPACE.division } = options;
  checkGenotypes(genotypes, config.name);
  const selected = convolutionSites(config).filter((site) => isSelected(site, selection));
  check(selected.length > 0, 'attribute', () => ({
    rule: 'a space has at least one searchable convolution',
    received: `none of ${config.name} for ${JSON.stringify(selection)}`,
    limit: 'other stages, blocks or positions',
  }));
  const sites = selected.map((site) => ({ ...site, ...divide(site, division) }));
  const choices = sites.reduce((sum, { channelGroups }) => sum + channelGroups, 0);
  return { backbone: config.name, genotypes, sites, log10Size: choices * Math.log10(genotypes.length) };
}

function isSelected(site: ConvolutionSite, { stages, blocks, positions, strided = true }: SiteSelection): boolean {
  return (
    (stages?.includes(site.stage) ?? true) &&
    (blocks?.includes(site.block) ?? true) &&
    (positions?.includes(site.position) ?? true) &&
    (strided || site.stride === 1)
  );
}

function divide(site: ConvolutionSite, division: Division): { channelGroups: number; unit: number } {
  const unit = channelUnit(site);
  const units = site.channels / unit;
  const groups = groupsOf(division, site.channels, units);
  if (!Number.isInteger(groups) || groups < 1 || units % groups !== 0) {
    const possible = Array.from({ length: units }, (_, i) => i + 1).filter((count) => units % count === 0);
    const asked =
      'channelsPerGroup' in division ? `${division.channelsPerGroup} channels per group` : `${groups} groups`;
    throw new NatsError('attribute', {
      rule: `channels are divided into equal groups${unit > 1 ? `, and the ${unit} channels of a convolution's group stay together` : ''}`,
      received: `${asked} for ${site.channels} channels`,
      limit: `${possible.join(', ')} groups (${possible.map((count) => site.channels / count).join(', ')} channels per group)`,
      where: site.name,
    });
  }
  return { channelGroups: groups, unit };
}

function groupsOf(division: Division, channels: number, units: number): number {
  if ('groups' in division) return division.groups;
  if ('channelsPerGroup' in division) return channels / division.channelsPerGroup;
  let groups = Math.min(division.maxGroups, units);
  while (groups > 1 && units % groups !== 0) groups--;
  return groups;
}
