import { concat, conv2d, kaimingNormal, sliceAxis } from '@nats/graph';
import type { ConvolutionBuilder } from '../src/backbones/index.js';
import type { Scheme } from '../src/scheme/index.js';

/** What a scheme means, written one channel at a time: a convolution of its own, with its own dilation, for each. */
export function perChannelBuilder(scheme: Scheme): ConvolutionBuilder {
  return (scope, x, options, site) => {
    const choice = scheme.convolutions.get(site.name) ?? new Int32Array(site.channels).fill(-1);
    const perGroup = site.inputChannels / site.groups;
    const weight = scope.parameter('weight', [site.channels, perGroup, 3, 3], kaimingNormal(options.channels));
    const channels = Array.from(choice, (index, c) => {
      const group = Math.floor(c / (site.channels / site.groups));
      const [dh, dw] = index < 0 ? [1, 1] : scheme.genotypes[index]!;
      const dilation = [site.dilation * dh, site.dilation * dw] as const;
      const seen = sliceAxis(x, 1, group * perGroup, (group + 1) * perGroup);
      return conv2d(seen, sliceAxis(weight, 0, c, c + 1), { stride: site.stride, dilation, padding: dilation });
    });
    return concat(channels, 1);
  };
}
