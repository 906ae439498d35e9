import { check, convolutionWeight, type Scope, type Tensor, type TensorData } from '@nats/graph';
import {
  type ConvolutionBuilder,
  type ConvolutionSite,
  plainConvolution,
  type SearchableSite,
  type SearchSpace,
} from '@nats/space';
import { convolutionOf } from './dilated-convolution.js';
import { type ExactRelaxation, exact } from './exact.js';
import { architectureParameter } from './mixture.js';
import { type PartialChannelsRelaxation, partialChannels } from './partial-channels.js';
import type { RelaxationKind } from './relaxation.js';
import { type SampledRelaxation, sampled } from './sampled.js';

/** First part of the names of all architecture parameters: `architecture.layer1.0.conv2`. */
export const ARCHITECTURE = 'architecture';

/** How the choice of genotypes is made differentiable. */
export type Relaxation = ExactRelaxation | SampledRelaxation | PartialChannelsRelaxation;

/** All kinds, by name. A new one is a file, a line here and one in `Relaxation`. */
const KINDS: { readonly [K in Relaxation['kind']]: RelaxationKind<Extract<Relaxation, { readonly kind: K }>> } = {
  exact,
  sampled,
  'partial-channels': partialChannels,
};

/** @throws NatsError `name` for a kind that there is not */
function kindOf(relaxation: Relaxation): RelaxationKind<Relaxation> {
  check(Object.hasOwn(KINDS, relaxation.kind), 'name', () => ({
    rule: 'a relaxation is one of those that are known',
    received: `'${relaxation.kind}'`,
    limit: Object.keys(KINDS).join(', '),
  }));
  return KINDS[relaxation.kind] as RelaxationKind<Relaxation>;
}

/** Whether its supernet needs the inputs that `samplingFeeds` makes. */
export function isSampled(relaxation: Relaxation): boolean {
  return kindOf(relaxation).sampled;
}

/** What steps of the weights use: the same values and gradients of the weights, for less where there is a cheaper way. */
export function relaxationForWeights(relaxation: Relaxation): Relaxation {
  return kindOf(relaxation).forWeights?.(relaxation) ?? relaxation;
}

/**
 * Builds the searchable convolutions of a space as supernet layers, whose genotypes share one weight, and the others
 * plainly. One batch norm follows, outside: it sees the mixture (NATS, Figure 3). Architecture parameters are declared in
 * the network's root scope, below `architecture`.
 */
export function supernetConvolution(space: SearchSpace, relaxation: Relaxation): ConvolutionBuilder {
  const sites = new Map(space.sites.map((site) => [site.name, site]));
  const build = kindOf(relaxation).layers(relaxation, space);
  return (scope, x, options, site) => {
    const searchable = sites.get(site.name);
    if (!searchable) return plainConvolution(scope, x, options, site);
    checkSite(searchable, site, space);
    return scope.build(() => {
      const weight = convolutionWeight(scope, x, options);
      const genotypes = space.genotypes.map(([dh, dw]) => [dh * site.dilation, dw * site.dilation] as const);
      const alpha = architectureParameter(
        scope.root.child(ARCHITECTURE),
        site.name,
        searchable.channelGroups,
        genotypes.length,
      );
      return build({ site: searchable, x, weight, alpha, genotypes, convolution: convolutionOf(options) });
    });
  };
}

/** A space belongs to one backbone: a site of the same name must be the same convolution. */
function checkSite(expected: SearchableSite, site: ConvolutionSite, space: SearchSpace): void {
  const same =
    expected.channels === site.channels && expected.groups === site.groups && expected.stride === site.stride;
  check(same, 'attribute', () => ({
    rule: 'a supernet is built on the backbone of its space',
    received: `${site.channels} channels, ${site.groups} groups, stride ${site.stride}`,
    limit: `${expected.channels} channels, ${expected.groups} groups, stride ${expected.stride}, as ${space.backbone} has`,
    where: site.name,
  }));
  const size = site.channels / expected.channelGroups;
  check(Number.isInteger(size) && size % expected.unit === 0, 'attribute', () => ({
    rule: "channel groups divide a convolution's channels",
    received: `${site.channels} channels in ${expected.channelGroups} groups`,
    limit: `a number of groups that divides ${site.channels / expected.unit}`,
    where: site.name,
  }));
}

/** Is it an architecture parameter, by its full name? Everything else belongs to the network. */
export function isArchitecture(name: string): boolean {
  return name.startsWith(`${ARCHITECTURE}.`);
}

/**
 * The weights and statistics of a supernet, without its architecture: genotypes share them, so that a derived network can go
 * on from them. Statistics of norms are those of the mixture: a training that freezes them measures them anew.
 */
export function supernetWeights(values: ReadonlyMap<string, TensorData>): Map<string, TensorData> {
  return new Map([...values].filter(([name]) => !isArchitecture(name)));
}

/** Architecture parameters in a scope, by site. */
export function architectureOf(scope: Scope): Map<string, Tensor> {
  const names = [...scope.spec.keys()].filter(isArchitecture);
  return new Map(names.map((name) => [name.slice(ARCHITECTURE.length + 1), scope.variable(name)!]));
}
