import { cyclicScheme, decodeScheme, histogramOf, randomScheme, restrictedScheme, uniformScheme } from '@nats/search';
import type { Genotype, Scheme, SearchSpace } from '@nats/space';
import { type SearchKind, type SearchResult, TOOL } from './searches.js';

const ISOTROPIC: readonly Genotype[] = [
  [1, 1],
  [2, 2],
  [3, 3],
];
const WIDE: readonly Genotype[] = [
  [1, 1],
  [1, 2],
  [1, 3],
];
const inAll = () => true;
const inLastConvolution = (name: string) => name === 'layer3.0.conv2';
const inLastStage = (name: string) => name.startsWith('layer3.');

export interface Variant {
  readonly title: string;
  /** The search whose result it decodes; others do without. */
  readonly search?: SearchKind;
  /** Undefined is the original network. */
  scheme(context: VariantContext): Scheme | undefined;
}

export interface VariantContext {
  readonly space: SearchSpace;
  /** What the variant's search found; undefined for others. */
  readonly found: SearchResult | undefined;
  /** The retraining's: a random variant draws anew for each. */
  readonly seed: number;
}

type Decoding = Parameters<typeof decodeScheme>[1];

/** Schemes of searches that end in one are taken as they are. */
function decoded({ found }: VariantContext, options: Decoding): Scheme {
  if (!found) throw new Error('a variant that decodes a search names it');
  return 'scheme' in found ? found.scheme : decodeScheme(found.architecture, options, TOOL);
}

/** Decodes the main search. */
const searchedBy = (title: string, options: Decoding): Variant => ({
  title,
  search: 'groups',
  scheme: (context) => decoded(context, options),
});

/** Each channel group its most probable genotype, of another search than that of the main variants. */
const argmaxOf = (search: SearchKind, title: string): Variant => ({
  title,
  search,
  scheme: (context) => decoded(context, { method: 'argmax' }),
});

/** Genotypes in turn, channel by channel, in some layers. */
const cyclicIn = (title: string, isIn: (layer: string) => boolean, cycle: readonly Genotype[]): Variant => ({
  title,
  scheme: ({ space }) => restrictedScheme(cyclicScheme(space, TOOL, cycle), isIn),
});

/** All variants of the comparison: the same parameters and multiply-adds, other dilations. */
export const VARIANTS: Readonly<Record<string, Variant>> = {
  original: { title: 'original, all (1,1)', scheme: () => undefined },
  proportional: searchedBy('searched, proportional (the paper)', { method: 'proportional' }),
  argmax: searchedBy('searched, argmax by group', { method: 'argmax' }),
  sharpened: searchedBy('searched, assignment over genotypes above 1/G', {
    method: 'assignment',
    dropBelowUniform: true,
  }),
  random: {
    title: 'random channels, histogram of argmax',
    search: 'groups',
    scheme: (context) => {
      const histogram = histogramOf(decoded(context, { method: 'argmax' }));
      return randomScheme(context.space, histogram, context.seed, TOOL);
    },
  },
  uniform: { title: 'uniform (2,2)', scheme: ({ space }) => uniformScheme(space, [2, 2], TOOL) },
  'uniform-last': {
    title: 'uniform (2,2) in the last stage',
    scheme: ({ space }) => restrictedScheme(uniformScheme(space, [2, 2], TOOL), inLastStage),
  },
  cyclic: cyclicIn('cyclic {1,2,3} (PSConv-like)', inAll, ISOTROPIC),
  'cyclic-last': cyclicIn('cyclic {1,2,3} in the last stage (hand-designed)', inLastStage, ISOTROPIC),
  'cyclic-last-convolution': cyclicIn(
    'cyclic {1,2,3} in the last convolution (hand-designed)',
    inLastConvolution,
    ISOTROPIC,
  ),
  'uniform-wide': {
    title: 'uniform (1,2) (hand-designed for wide objects)',
    scheme: ({ space }) => uniformScheme(space, [1, 2], TOOL),
  },
  'cyclic-wide': cyclicIn('cyclic (1,1) (1,2) (1,3) (hand-designed for wide objects)', inAll, WIDE),
  'cyclic-last-wide': cyclicIn(
    'cyclic (1,1) (1,2) (1,3) in the last stage (hand-designed for wide objects)',
    inLastStage,
    WIDE,
  ),
  'last-stage': argmaxOf('last-stage', 'searched in the last stage, argmax by group'),
  sampled: argmaxOf('sampled', 'searched with the sampled relaxation, argmax by group'),
  'second-order': argmaxOf('second-order', 'searched with the second order, argmax by group'),
  'path-level': argmaxOf('path-level', 'path level: one dilation for each layer'),
  'rf-next': argmaxOf('rf-next', 'RF-Next-like: one expected dilation for each layer'),
  edo: argmaxOf('edo', 'EDO: free dense kernels, kernel L1'),
};
