import {
  type Architecture,
  averageArchitectures,
  cyclicScheme,
  decodeScheme,
  histogramOf,
  randomScheme,
  restrictedScheme,
  uniformScheme,
} from '@nats/search';
import { PLAIN, type Scheme, type SearchSpace, sameGenotype } from '@nats/space';

const TOOL = { tool: { name: '@nats/search', version: '0.0.0' } };
const inLastStage = (name: string) => name.startsWith('layer3.');

export interface PhotoVariantContext {
  readonly space: SearchSpace;
  /** One search, or all of them for variants that use them together. */
  readonly found: readonly Architecture[];
  /** Of the training: random variants draw anew for each. */
  readonly seed: number;
}

export interface PhotoVariant {
  readonly title: string;
  /** Trained once for each search, or once for all of them together. */
  readonly searched?: 'each' | 'together';
  /** Goes on from the weights of the search's supernet; others start from ImageNet's. */
  readonly continues?: true;
  /** Undefined is the original network. */
  scheme(context: PhotoVariantContext): Scheme | undefined;
}

type Decoding = Parameters<typeof decodeScheme>[1];

const decoded = (title: string, options: Decoding, changes: Partial<PhotoVariant> = {}): PhotoVariant => ({
  title,
  searched: 'each',
  scheme: ({ found }) => decodeScheme(averageArchitectures(found), options, TOOL),
  ...changes,
});

/** Same parameters and multiply-adds, same schedule and seeds. */
export const PHOTO_VARIANTS: Readonly<Record<string, PhotoVariant>> = {
  original: { title: 'original, all (1,1)', scheme: () => undefined },
  argmax: decoded('searched, argmax by group', { method: 'argmax' }),
  proportional: decoded('searched, proportional (the paper)', { method: 'proportional' }),
  'margin-3': decoded('searched, 3 times as probable as (1,1)', { method: 'argmax', margin: 3 }),
  'margin-10': decoded('searched, 10 times as probable as (1,1)', { method: 'argmax', margin: 10 }),
  average: decoded('mean of all searches, argmax', { method: 'argmax' }, { searched: 'together' }),
  random: {
    title: 'random permutation with the histogram of argmax',
    searched: 'each',
    scheme: ({ space, found, seed }) => {
      const scheme = decodeScheme(averageArchitectures(found), { method: 'argmax' }, TOOL);
      return randomScheme(space, histogramOf(scheme), seed, TOOL);
    },
  },
  'uniform-last': {
    title: 'uniform (2,2) in the last stage',
    scheme: ({ space }) => restrictedScheme(uniformScheme(space, [2, 2], TOOL), inLastStage),
  },
  'cyclic-last': {
    title: 'cyclic {1,2,3} in the last stage (hand-designed)',
    scheme: ({ space }) => restrictedScheme(cyclicScheme(space, TOOL), inLastStage),
  },
  continued: decoded('searched, argmax, from the weights of its supernet', { method: 'argmax' }, { continues: true }),
  'original-continued': {
    title: 'original, from the weights of the supernet',
    searched: 'each',
    continues: true,
    scheme: () => undefined,
  },
};

/** Share of the channels of a scheme that are not (1,1), 0 to 1. */
export function dilatedShare({ convolutions, genotypes }: Scheme): number {
  const all = [...convolutions.values()].flatMap((choice) => [...choice]);
  return all.filter((index) => !sameGenotype(genotypes[index]!, PLAIN)).length / Math.max(1, all.length);
}
