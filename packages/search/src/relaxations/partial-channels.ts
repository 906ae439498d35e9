import { check, concat, constant, conv2d, gather, sliceAxis, type Tensor, tensorData } from '@nats/graph';
import { samePadding } from './dilated-convolution.js';
import { exactConvolution } from './exact.js';
import { mixture } from './mixture.js';
import type { RelaxationKind, RelaxedLayer } from './relaxation.js';

/** The exact mixture in some channels of each group; the others keep the network's own dilation. */
export interface PartialChannelsRelaxation {
  readonly kind: 'partial-channels';
  /** One of so many channels of each group is mixed, at least one; default 4, as PC-DARTS on CIFAR-10. */
  readonly outOf?: number;
}

/**
 * After PC-DARTS (Xu et al. 2020): a part of the channels passes through the mixture, the rest by it. There the rest is
 * the input itself; a convolution that replaces another has to compute something, and we take what the network computes
 * without a search. As in the paper's code these are always the same channels. Without its edge normalization: there is
 * one edge. The supernet is so never one of the networks that a search chooses from.
 */
export const partialChannels: RelaxationKind<PartialChannelsRelaxation> = {
  sampled: false,
  layers: ({ outOf = 4 }, space) => {
    check(Number.isInteger(outOf) && outOf >= 1, 'attribute', () => ({
      rule: 'partial channels mix one of so many channels',
      received: `outOf ${outOf}`,
      limit: 'a whole number of at least 1',
    }));
    for (const { name, groups } of space.sites) {
      check(groups === 1, 'attribute', () => ({
        rule: 'partial channels divide the channels of convolutions that are not grouped',
        received: `${groups} groups`,
        limit: 'another relaxation',
        where: name,
      }));
    }
    return (layer) => partialChannelsConvolution(layer, outOf);
  },
};

/** In channel group k the first of every `outOf` channels are mixed over the genotypes, the others have the layer's dilation. */
export function partialChannelsConvolution(
  {
    site,
    x,
    weight,
    alpha,
    genotypes,
    convolution,
  }: Pick<RelaxedLayer, 'x' | 'weight' | 'alpha' | 'genotypes' | 'convolution'> & {
    readonly site: { readonly dilation: number };
  },
  outOf: number,
): Tensor {
  const channels = weight.shape[0] as number;
  const size = channels / (alpha.shape[0] as number);
  const mixed = Math.ceil(size / outOf);
  const isMixed = (channel: number) => channel % size < mixed;
  const all = Array.from({ length: channels }, (_, channel) => channel);
  const order = [...all.filter(isMixed), ...all.filter((channel) => !isMixed(channel))];
  const count = all.filter(isMixed).length;
  const sorted = gather(weight, indices(order));
  const ofMixed = exactConvolution(x, sliceAxis(sorted, 0, 0, count), mixture(alpha), genotypes, convolution);
  if (count === channels) return ofMixed;
  const dilation = [site.dilation, site.dilation] as const;
  const rest = conv2d(x, sliceAxis(sorted, 0, count, channels), {
    ...convolution,
    dilation,
    padding: samePadding(dilation),
  });
  return gather(concat([ofMixed, rest], 1), indices(all.map((channel) => order.indexOf(channel))), 1);
}

const indices = (values: readonly number[]) => constant(tensorData('int32', [values.length], values));
