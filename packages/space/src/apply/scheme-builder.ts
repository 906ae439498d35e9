import {
  type ConvolutionLayerOptions,
  check,
  concat,
  conv2d,
  kaimingNormal,
  type Pair,
  type Scope,
  split,
  type Tensor,
} from '@nats/graph';
import { type ConvolutionBuilder, type ConvolutionSite, plainConvolution } from '../backbones/index.js';
import { type Genotype, PLAIN, sameGenotype } from '../genotypes.js';
import { checkChoiceFits, type Scheme } from '../scheme/scheme.js';
import { channelUnit } from '../search-space.js';
import { invert, isIdentity, selectChannels } from './select-channels.js';

/**
 * Applies a scheme to the network that is built with it: for each genotype one convolution with the rows of the weight
 * that chose it, and one concat (Figure 2 of NATS, decoded). Channels keep the plain network's order, so where the
 * channels of a genotype are not contiguous a gather puts them back; `layoutPass` removes it where it costs something.
 *
 * The weight is declared as the plain network declares it: names, shapes, order, count and multiply-adds do not change.
 * Where all channels are `[1, 1]`, and where the scheme names no convolution, the plain convolution is built. Call
 * `checkSchemeFits` before, which finds names that no convolution has.
 */
export function schemeBuilder(scheme: Scheme): ConvolutionBuilder {
  return (scope, x, options, site) => {
    const choice = scheme.convolutions.get(site.name);
    if (!choice) return plainConvolution(scope, x, options, site);
    checkChoiceFits(choice, site);
    const parts = partsOf(choice);
    const [first] = parts as [Part];
    if (parts.length > 1) return mixedConvolution(scope, x, options, site, parts, scheme.genotypes);
    const genotype = scheme.genotypes[first.genotype]!;
    if (sameGenotype(genotype, PLAIN)) return plainConvolution(scope, x, options, site);
    return plainConvolution(scope, x, { ...options, ...dilated(options, genotype) }, site);
  };
}

interface Part {
  /** Index into the scheme's genotypes. */
  readonly genotype: number;
  /** Output channels that chose it, rising. */
  readonly channels: number[];
}

/** Channels by genotype, in the order in which genotypes first appear: then contiguous runs need no reordering. */
function partsOf(choice: Int32Array): Part[] {
  const parts = new Map<number, number[]>();
  for (const [channel, genotype] of choice.entries()) {
    const channels = parts.get(genotype);
    if (channels) channels.push(channel);
    else parts.set(genotype, [channel]);
  }
  return [...parts].map(([genotype, channels]) => ({ genotype, channels }));
}

/** A genotype multiplies the convolution's own dilation; the padding grows alike, so the output keeps its size. */
function dilated(options: ConvolutionLayerOptions, [dh, dw]: Genotype): { dilation: Pair; padding: Pair } {
  const { dilation = 1 } = options;
  const [h, w] = typeof dilation === 'number' ? [dilation, dilation] : dilation;
  return { dilation: [h * dh, w * dw], padding: [h * dh, w * dw] };
}

function mixedConvolution(
  scope: Scope,
  x: Tensor,
  options: ConvolutionLayerOptions,
  site: ConvolutionSite,
  parts: readonly Part[],
  genotypes: readonly Genotype[],
): Tensor {
  const { channels, groups } = site;
  checkOptions(options, site);
  return scope.build(() => {
    const shape = [channels, site.inputChannels / groups, 3, 3];
    const weight = scope.parameter('weight', shape, options.initializer ?? kaimingNormal((channels * 9) / groups));
    const order = parts.flatMap((part) => part.channels);
    const sizes = parts.map((part) => part.channels.length);
    const weights = split(selectChannels(weight, 0, order), sizes, 0);
    const inputs = groups === 1 ? parts.map(() => x) : groupInputs(x, parts, site);
    const outputs = parts.map(({ genotype, channels: rows }, i) =>
      conv2d(inputs[i]!, weights[i]!, {
        stride: site.stride,
        groups: groups === 1 ? 1 : rows.length / channelUnit(site),
        ...dilated(options, genotypes[genotype]!),
      }),
    );
    const joined = concat(outputs, 1);
    return isIdentity(order) ? joined : selectChannels(joined, 1, invert(order));
  });
}

/** For each part of a grouped convolution the input channels that its groups see. */
function groupInputs(x: Tensor, parts: readonly Part[], site: ConvolutionSite): Tensor[] {
  const perGroup = site.inputChannels / site.groups;
  const unit = channelUnit(site);
  const order = parts.flatMap(({ channels }) =>
    channels
      .filter((_, i) => i % unit === 0)
      .flatMap((channel) => Array.from({ length: perGroup }, (_, i) => (channel / unit) * perGroup + i)),
  );
  const sizes = parts.map(({ channels }) => (channels.length / unit) * perGroup);
  return split(selectChannels(x, 1, order), sizes, 1);
}

function checkOptions({ kernel = 3, bias = false, padding, dilation }: ConvolutionLayerOptions, site: ConvolutionSite) {
  const square = kernel === 3 || (typeof kernel !== 'number' && kernel[0] === 3 && kernel[1] === 3);
  const centered = padding === dilation && padding === site.dilation;
  check(square && !bias && centered, 'attribute', () => ({
    rule: 'a scheme is applied to 3x3 convolutions without bias whose padding keeps the size',
    received: JSON.stringify({ kernel, bias, padding, dilation }),
    where: site.name,
  }));
}
