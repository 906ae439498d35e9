import {
  add,
  type ChannelDilationAttributes,
  type ConvolutionOptions,
  cast,
  channelDilationGradInputOp,
  channelDilationGradWeightOp,
  conv2d,
  conv2dByChannelDilationOp,
  convGradInput,
  convGradWeight,
  equal,
  multiply,
  reshape,
  type Tensor,
} from '@nats/graph';
import { type Decompositions, decomposition } from './decomposition.js';

/**
 * One convolution of all channels for each genotype, and a mask: kernels run one by one have static shapes, so channels
 * are not gathered by genotype. It costs as many convolutions as there are genotypes.
 */
function perGenotype(
  index: Tensor,
  { genotypes, stride }: ChannelDilationAttributes,
  [kh, kw]: readonly number[],
  compute: (mask: Tensor, options: ConvolutionOptions) => Tensor,
): Tensor {
  return genotypes
    .map((dilation, genotype) => {
      const own = reshape(cast(equal(index, genotype), 'float32'), [index.shape[0]!, 1, 1, 1]);
      const padding = [(dilation[0] * (kh! - 1)) / 2, (dilation[1] * (kw! - 1)) / 2] as const;
      return compute(own, { stride, dilation, padding });
    })
    .reduce((a, b) => add(a, b));
}

export const channelDilationDecompositions: Decompositions = [
  decomposition(conv2dByChannelDilationOp, ([x, w, index], attributes) =>
    perGenotype(index, attributes, w.shape.slice(2) as number[], (mask, options) =>
      conv2d(x, multiply(w, mask), options),
    ),
  ),
  decomposition(channelDilationGradInputOp, ([g, w, index], attributes) =>
    perGenotype(index, attributes, w.shape.slice(2) as number[], (mask, options) =>
      convGradInput(g, multiply(w, mask), attributes.shape, options),
    ),
  ),
  decomposition(channelDilationGradWeightOp, ([g, x, index], attributes) =>
    perGenotype(index, attributes, attributes.shape.slice(2), (mask, options) =>
      multiply(convGradWeight(g, x, attributes.shape, options), mask),
    ),
  ),
];
