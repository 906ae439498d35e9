import { type ConvolutionLayerOptions, check, type Pair, type Tensor } from '@nats/graph';
import type { Genotype } from '@nats/space';

/** What a relaxation needs to know of the convolution that it replaces. */
export interface DilatedConvolution {
  readonly stride: number | Pair;
  readonly groups: number;
}

export function convolutionOf(options: ConvolutionLayerOptions): DilatedConvolution {
  const { kernel = 3, stride = 1, groups = 1 } = options;
  check(kernel === 3 || (typeof kernel !== 'number' && kernel[0] === 3 && kernel[1] === 3), 'attribute', () => ({
    rule: 'only 3x3 convolutions are searched',
    received: `a kernel of ${JSON.stringify(kernel)}`,
  }));
  return { stride, groups };
}

/** Padding that keeps a 3x3 kernel of this dilation centered: the output size does not depend on the dilation. */
export function samePadding([dh, dw]: Genotype): Pair {
  return [dh, dw];
}

/** Side of the dense kernel that holds the taps of all genotypes: 2 max(dilation) + 1 on each axis. */
export function denseKernelSize(genotypes: readonly Genotype[]): Pair {
  const side = (axis: 0 | 1) => 2 * Math.max(...genotypes.map((genotype) => genotype[axis])) + 1;
  return [side(0), side(1)];
}

/**
 * Convolution work of the two exact forms, in plain 3x3 convolutions: G for the explicit sum, side^2 / 9 for the dense
 * kernel, whatever G is. Convolutions cannot skip zero taps.
 */
export function exactCosts(genotypes: readonly Genotype[]): { readonly sum: number; readonly dense: number } {
  const [kh, kw] = denseKernelSize(genotypes);
  return { sum: genotypes.length, dense: (kh * kw) / 9 };
}

/** The weight's shape is `[O, I, 3, 3]`. */
export function outputChannels(weight: Tensor): number {
  return weight.shape[0] as number;
}
