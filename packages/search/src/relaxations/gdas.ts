import {
  add,
  argMax,
  conv2dByChannelDilation,
  divide,
  gather,
  multiply,
  oneHot,
  range,
  reduceSum,
  reshape,
  softmax,
  stopGradient,
  subtract,
  type Tensor,
} from '@nats/graph';
import { outputChannels } from './dilated-convolution.js';
import type { RelaxedLayer } from './relaxation.js';
import type { SamplingInputs } from './sampling.js';

/**
 * One genotype for each channel group and step, drawn by the Gumbel-softmax trick (Jang et al. 2017). The forward pass
 * uses the drawn genotype alone; the architecture's gradient goes through its probability only, as in GDAS (Dong and Yang
 * 2019, equation 7). Biased: genotypes that were not drawn get their gradient through the softmax alone. In return a step
 * costs about what the plain network's does, and one compiled program serves every sample.
 *
 * The gate scales what is drawn, and a batch norm that follows and takes its batch's statistics removes any scale: but for its
 * epsilon (and rounding) the gradient is then 0. On the demonstration's detector it is 1e-6 to 1e-5 as long as the exact one; Adam
 * divides that away and follows what is left (docs/notes/relaxations.md). In GDAS itself the gate stands behind the operation's
 * own norm. `allGenotypesConvolution` compares the drawn genotype with the others, which no norm removes.
 */
export function gdasConvolution(
  { x, weight, alpha, genotypes, convolution }: Omit<RelaxedLayer, 'site'>,
  { noise, temperature }: Pick<SamplingInputs, 'noise' | 'temperature'>,
): Tensor {
  const channels = outputChannels(weight);
  const groups = alpha.shape[0] as number;
  const soft = softmax(divide(add(alpha, noise), temperature), 1);
  const drawn = argMax(soft, 1);
  const probability = reduceSum(multiply(soft, oneHot(drawn, genotypes.length)), { axes: [1] });
  // Exactly 1 in value, with the gradient of the drawn genotype's probability.
  const gate = add(subtract(probability, stopGradient(probability)), 1);
  const groupOfChannel = divide(range(channels), channels / groups);
  const channelGate = reshape(gather(gate, groupOfChannel), [channels, 1, 1, 1]);
  return conv2dByChannelDilation(x, multiply(weight, channelGate), gather(drawn, groupOfChannel), {
    genotypes,
    ...convolution,
  });
}
