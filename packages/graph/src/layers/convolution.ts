import { add } from '../ops/binary.js';
import { type ConvolutionOptions, conv2d, type Pair } from '../ops/convolution.js';
import { reshape } from '../ops/layout.js';
import type { Scope } from '../scope.js';
import { type Initializer, kaimingNormal, zeros } from '../state-spec.js';
import type { Tensor } from '../tensor.js';

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

/** A convolution with its own `weight` `[O, C / groups, kh, kw]` and, if asked for, `bias` `[O]`. */
export function convolution(scope: Scope, x: Tensor, options: ConvolutionLayerOptions): Tensor {
  return scope.build(() => {
    const { channels, kernel = 3, groups = 1, bias = false } = options;
    const [kh, kw] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
    const shape = [channels, (x.shape[1] as number) / groups, kh, kw];
    const initializer = options.initializer ?? kaimingNormal((channels * kh * kw) / groups);
    const y = conv2d(x, scope.parameter('weight', shape, initializer), options);
    if (!bias) return y;
    return add(y, reshape(scope.parameter('bias', [channels], options.biasInitializer ?? zeros), [channels, 1, 1]));
  });
}
