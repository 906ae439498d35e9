import {
  createProgram,
  createScope,
  type Dimension,
  input,
  type Program,
  type Scope,
  type StateSpec,
  softmax,
  type Tensor,
} from '@nats/graph';
import type { ConvolutionBuilder } from '@nats/space';
import type { ImageSize } from '../data/image-dataset.js';

/** A network from images `[N, C, H, W]` to logits `[N, classes]`: `buildClassifier` of @nats/space, or a function of one's own. */
export type ClassifierNetwork = (
  scope: Scope,
  x: Tensor,
  options: { readonly convolution?: ConvolutionBuilder },
) => Tensor;

export interface ClassifierProgramOptions {
  readonly size: ImageSize;
  /** Default 'N', any number of images. */
  readonly batch?: Dimension;
  readonly convolution?: ConvolutionBuilder;
  /** Return `probabilities` instead of `logits`; default false. */
  readonly probabilities?: boolean;
}

/**
 * A classifier for use: input `image`, float32 `[batch, C, H, W]`, normalized; output `logits` or `probabilities`
 * `[batch, classes]`; running statistics.
 */
export function classifierProgram(
  network: ClassifierNetwork,
  { size, batch = 'N', convolution, probabilities = false }: ClassifierProgramOptions,
): { program: Program; spec: StateSpec } {
  const scope = createScope();
  const x = input('image', 'float32', [batch, size.channels, size.height, size.width]);
  const logits = network(scope, x, convolution ? { convolution } : {});
  const outputs: Record<string, Tensor> = probabilities ? { probabilities: softmax(logits, 1) } : { logits };
  return { program: createProgram({ outputs }), spec: scope.spec };
}
