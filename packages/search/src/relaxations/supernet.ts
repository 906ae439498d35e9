import { check, convolutionWeight, type Scope, type Tensor, type TensorData } from '@nats/graph';
import {
  type ConvolutionBuilder,
  type ConvolutionSite,
  plainConvolution,
  type SearchableSite,
  type SearchSpace,
} from '@nats/space';
import { type AllGenotypesOptions, allGenotypesConvolution } from './all-genotypes.js';
import { convolutionOf, type DilatedConvolution } from './dilated-convolution.js';
import { type ExactForm, exactConvolution } from './exact.js';
import { architectureParameter, mixture } from './mixture.js';
import { type SamplingInputs, sampledConvolution, samplingInputs } from './sampled.js';

/** First part of the names of all architecture parameters: `architecture.layer1.0.conv2`. */
export const ARCHITECTURE = 'architecture';

/** The weighted sum over all genotypes. */
export interface ExactRelaxation {
  readonly kind: 'exact';
  /** Default `auto`: per layer the cheaper form, by counting. */
  readonly form?: ExactForm;
}

/** One genotype for each channel group and step: needs the inputs that `samplingFeeds` makes. */
export interface SampledRelaxation {
  readonly kind: 'sampled';
  /**
   * How the architecture's gradient is estimated:
   * - `gdas` (default): through the drawn genotype's probability alone (Dong and Yang 2019).
   * - `straight-through`, `reinmax`: from the first-order effect of all genotypes on a part of the batch, see
   *   `allGenotypesConvolution`.
   */
  readonly estimator?: 'gdas' | AllGenotypesOptions['estimator'];
  /** Images of a batch on which all genotypes are weighed, 1 or more; default an eighth of it. Not for `gdas`. */
  readonly images?: number;
}

/** How the choice of genotypes is made differentiable: exactly as a mixture, or by sampling. */
export type Relaxation = ExactRelaxation | SampledRelaxation;

/**
 * Builds the searchable convolutions of a space as supernet layers, whose genotypes share one weight, and the others
 * plainly. One batch norm follows, outside: it sees the mixture (NATS, Figure 3). Architecture parameters are declared in
 * the network's root scope, below `architecture`.
 */
export function supernetConvolution(space: SearchSpace, relaxation: Relaxation): ConvolutionBuilder {
  const sites = new Map(space.sites.map((site) => [site.name, site]));
  if (relaxation.kind === 'sampled') checkSampled(relaxation);
  const sampling = relaxation.kind === 'sampled' ? samplingInputs(space) : undefined;
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
      const convolution: DilatedConvolution = convolutionOf(options);
      if (relaxation.kind === 'exact') {
        return exactConvolution(x, weight, mixture(alpha), genotypes, convolution, relaxation.form);
      }
      const inputs = sampling!.get(site.name) as SamplingInputs;
      const { estimator = 'gdas', images } = relaxation;
      if (estimator === 'gdas') return sampledConvolution(x, weight, alpha, inputs, genotypes, convolution);
      const estimation = { estimator, ...(images !== undefined && { images }) };
      return allGenotypesConvolution(x, weight, alpha, inputs.noise, genotypes, convolution, estimation);
    });
  };
}

function checkSampled({ estimator = 'gdas', images }: SampledRelaxation): void {
  check(images === undefined || estimator !== 'gdas', 'attribute', () => ({
    rule: 'GDAS looks at the drawn genotypes alone, so that no images are set apart to weigh the others',
    received: `images ${images} with the estimator 'gdas'`,
    limit: "the estimator 'straight-through' or 'reinmax', or no images",
  }));
  check(images === undefined || (Number.isInteger(images) && images >= 1), 'attribute', () => ({
    rule: 'all genotypes are weighed on some images of a batch',
    received: String(images),
    limit: 'a whole number of at least 1',
  }));
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
