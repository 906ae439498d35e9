import {
  add,
  argMax,
  conv2dByChannelDilation,
  divide,
  gather,
  hashUniform,
  input,
  multiply,
  oneHot,
  range,
  reduceSum,
  reshape,
  seedOf,
  sliceAxis,
  softmax,
  stopGradient,
  subtract,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import type { Genotype, SearchSpace } from '@nats/space';
import { type DilatedConvolution, outputChannels } from './dilated-convolution.js';

/** What a sample is drawn with: fed at each step, so that the program stays a pure function. */
export interface SamplingInputs {
  /** Gumbel noise `[K, G]`. */
  readonly noise: Tensor;
  /** Scalar: small values make the soft sample hard, large ones uniform. */
  readonly temperature: Tensor;
}

const NOISE = 'gumbel';
const TEMPERATURE = 'temperature';

/** Declares the two inputs of all sampled layers of a space, and each layer's part of the noise. */
export function samplingInputs(space: SearchSpace): Map<string, SamplingInputs> {
  const noise = input(NOISE, 'float32', [noiseRows(space), space.genotypes.length]);
  const temperature = input(TEMPERATURE, 'float32', []);
  let row = 0;
  return new Map(
    space.sites.map(({ name, channelGroups }) => {
      const part = sliceAxis(noise, 0, row, row + channelGroups);
      row += channelGroups;
      return [name, { noise: part, temperature }];
    }),
  );
}

/** Feeds of a sampled step: a pure function of seed and step. */
export function samplingFeeds(
  space: SearchSpace,
  seed: number,
  step: number,
  temperature: number,
): Record<string, TensorData> {
  const own = seedOf(seed, `gumbel ${step}`);
  const shape = [noiseRows(space), space.genotypes.length];
  const values = Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => {
    // Half a unit away from 0 and 1, so that both logarithms are finite.
    const uniform = hashUniform(own, i) + 2 ** -25;
    return -Math.log(-Math.log(uniform));
  });
  return {
    [NOISE]: tensorData('float32', shape, values),
    [TEMPERATURE]: tensorData('float32', [], [temperature]),
  };
}

function noiseRows(space: SearchSpace): number {
  return space.sites.reduce((sum, { channelGroups }) => sum + channelGroups, 0);
}

/**
 * One genotype for each channel group and step, drawn by the Gumbel-softmax trick (Jang et al. 2017). The forward pass
 * uses the drawn genotype alone; the architecture's gradient goes through its probability only, as in GDAS (Dong and Yang
 * 2019, equation 7). Biased: genotypes that were not drawn get their gradient through the softmax alone. In return a step
 * costs about what the plain network's does, and one compiled program serves every sample.
 * @param alpha `[K, G]`
 */
export function sampledConvolution(
  x: Tensor,
  weight: Tensor,
  alpha: Tensor,
  { noise, temperature }: SamplingInputs,
  genotypes: readonly Genotype[],
  convolution: DilatedConvolution,
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
