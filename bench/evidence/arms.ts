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
import type { Probabilities } from './stages.js';

const TOOL = { tool: { name: '@nats/search', version: '0.0.0' } };
const inLastStage = (name: string) => name.startsWith('layer3.');

export interface Arm {
  readonly title: string;
  /** Needs a search; others do without. */
  readonly searched: boolean;
  /** Undefined is the original network. `seed` is the retraining's: a random arm draws anew for each. */
  scheme(probabilities: Probabilities, seed: number): Scheme | undefined;
}

const decoded = (probabilities: Probabilities, options: Parameters<typeof decodeScheme>[1]) =>
  decodeScheme(architectureOfEvent(space, probabilities), options, TOOL);

/** All arms of the comparison: the same parameters and multiply-adds, other dilations. */
export const ARMS: Readonly<Record<string, Arm>> = {
  original: { title: 'original, all (1,1)', searched: false, scheme: () => undefined },
  proportional: {
    title: 'searched, proportional (the paper)',
    searched: true,
    scheme: (found) => decoded(found, { method: 'proportional' }),
  },
  argmax: {
    title: 'searched, argmax by group',
    searched: true,
    scheme: (found) => decoded(found, { method: 'argmax' }),
  },
  sharpened: {
    title: 'searched, assignment over genotypes above 1/G',
    searched: true,
    scheme: (found) => decoded(found, { method: 'assignment', dropBelowUniform: true }),
  },
  random: {
    title: 'random channels, histogram of argmax',
    searched: true,
    scheme: (found, seed) => randomScheme(space, histogramOf(decoded(found, { method: 'argmax' })), seed, TOOL),
  },
  uniform: { title: 'uniform (2,2)', searched: false, scheme: () => uniformScheme(space, [2, 2], TOOL) },
  'uniform-last': {
    title: 'uniform (2,2) in the last stage',
    searched: false,
    scheme: () => restrictedScheme(uniformScheme(space, [2, 2], TOOL), inLastStage),
  },
  cyclic: { title: 'cyclic {1,2,3} (PSConv-like)', searched: false, scheme: () => cyclicScheme(space, TOOL) },
  'cyclic-last': {
    title: 'cyclic {1,2,3} in the last stage (tuned by hand)',
    searched: false,
    scheme: () => restrictedScheme(cyclicScheme(space, TOOL), inLastStage),
  },
};
