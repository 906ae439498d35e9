import {
  architectureOfEvent,
  cyclicScheme,
  decodeScheme,
  histogramOf,
  randomScheme,
  restrictedScheme,
  uniformScheme,
} from '@nats/search';
import type { Scheme } from '@nats/space';
import { space } from './protocol.js';
import { type Probabilities, type SearchKind, spaceOf } from './searches.js';

const TOOL = { tool: { name: '@nats/search', version: '0.0.0' } };
const inLastConvolution = (name: string) => name === 'layer3.0.conv2';
const inLastStage = (name: string) => name.startsWith('layer3.');

export interface Arm {
  readonly title: string;
  /** The search whose result it decodes; others do without. */
  readonly search?: SearchKind;
  /** Undefined is the original network. `seed` is the retraining's: a random arm draws anew for each. */
  scheme(found: Probabilities, seed: number): Scheme | undefined;
}

const decoded = (found: Probabilities, options: Parameters<typeof decodeScheme>[1], kind: SearchKind = 'groups') =>
  decodeScheme(architectureOfEvent(spaceOf(kind), found), options, TOOL);

/** Each channel group its most probable genotype, of another search than that of the main arms. */
function argmaxOf(search: SearchKind, title: string): Arm {
  return { title, search, scheme: (found) => decoded(found, { method: 'argmax' }, search) };
}

/** All arms of the comparison: the same parameters and multiply-adds, other dilations. */
export const ARMS: Readonly<Record<string, Arm>> = {
  original: { title: 'original, all (1,1)', scheme: () => undefined },
  proportional: {
    title: 'searched, proportional (the paper)',
    search: 'groups',
    scheme: (found) => decoded(found, { method: 'proportional' }),
  },
  argmax: {
    title: 'searched, argmax by group',
    search: 'groups',
    scheme: (found) => decoded(found, { method: 'argmax' }),
  },
  sharpened: {
    title: 'searched, assignment over genotypes above 1/G',
    search: 'groups',
    scheme: (found) => decoded(found, { method: 'assignment', dropBelowUniform: true }),
  },
  random: {
    title: 'random channels, histogram of argmax',
    search: 'groups',
    scheme: (found, seed) => randomScheme(space, histogramOf(decoded(found, { method: 'argmax' })), seed, TOOL),
  },
  uniform: { title: 'uniform (2,2)', scheme: () => uniformScheme(space, [2, 2], TOOL) },
  'uniform-last': {
    title: 'uniform (2,2) in the last stage',
    scheme: () => restrictedScheme(uniformScheme(space, [2, 2], TOOL), inLastStage),
  },
  cyclic: { title: 'cyclic {1,2,3} (PSConv-like)', scheme: () => cyclicScheme(space, TOOL) },
  'cyclic-last': {
    title: 'cyclic {1,2,3} in the last stage (tuned by hand)',
    scheme: () => restrictedScheme(cyclicScheme(space, TOOL), inLastStage),
  },
  'cyclic-last-convolution': {
    title: 'cyclic {1,2,3} in the last convolution (tuned by hand)',
    scheme: () => restrictedScheme(cyclicScheme(space, TOOL), inLastConvolution),
  },
  'last-stage': argmaxOf('last-stage', 'searched in the last stage, argmax by group'),
  sampled: argmaxOf('sampled', 'searched with the sampled relaxation, argmax by group'),
  'second-order': argmaxOf('second-order', 'searched with the second order, argmax by group'),
  'path-level': argmaxOf('path-level', 'path level: one dilation for each layer'),
  'rf-next': argmaxOf('rf-next', 'RF-Next-like: one expected dilation for each layer'),
  edo: argmaxOf('edo', 'EDO: free dense kernels, kernel L1'),
};
