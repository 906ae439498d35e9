import { type ConvolutionOptions, conv2d, type Pair } from '../ops/convolution.js';
import type { Scope } from '../scope.js';
import { type Initializer, kaimingNormal, zeros } from '../state-spec.js';
import type { Tensor } from '../tensor.js';

/** Options of the `convolution` layer. */
export interface ConvolutionLayerOptions extends ConvolutionOptions {
  readonly channels: number;
  /** Default 3. */
  readonly kernel?: number | Pair;
  /** Default false: a norm follows in most networks here. */
  readonly bias?: boolean;
  /** Default: Kaiming normal by fan out, as torchvision's ResNets. */
  readonly initializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/** Declares a convolution's `weight`, `[O, C / groups, kh, kw]`, for those who compute with it in their own way. */
export function convolutionWeight(scope: Scope, x: Tensor, options: ConvolutionLayerOptions): Tensor {
  const { channels, kernel = 3, groups = 1 } = options;
  const [kh, kw] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
  const initializer = options.initializer ?? kaimingNormal((channels * kh * kw) / groups);
  return scope.parameter('weight', [channels, (x.shape[1] as number) / groups, kh, kw], initializer);
}

/** A convolution with its own `weight` `[O, C / groups, kh, kw]` and, if asked for, `bias` `[O]`. */
export function convolution(scope: Scope, x: Tensor, options: ConvolutionLayerOptions): Tensor {
  return scope.build(() => {
    const { channels, bias = false } = options;
    const weight = convolutionWeight(scope, x, options);
    if (!bias) return conv2d(x, weight, options);
    return conv2d(x, weight, options, scope.parameter('bias', [channels], options.biasInitializer ?? zeros));
  });
}
