import { hashUniform, input, reshape, seedOf, sliceAxis, type Tensor, type TensorData, tensorData } from '@nats/graph';
import type { SearchSpace } from '@nats/space';

/** What a sample is drawn with: fed at each step, so that the program stays a pure function. */
export interface SamplingInputs {
  /** Gumbel noise `[K, G]`. */
  readonly noise: Tensor;
  /** Scalar: small values make the soft sample hard, large ones uniform. */
  readonly temperature: Tensor;
  /** Scalar, 0 to below 1: which strip of rows all genotypes are weighed on. */
  readonly strip: Tensor;
}

const NOISE = 'gumbel';
const TEMPERATURE = 'temperature';
const STRIP = 'strip';

/** Declares the inputs of all sampled layers of a space, and each layer's part of them. */
export function samplingInputs(space: SearchSpace): Map<string, SamplingInputs> {
  const noise = input(NOISE, 'float32', [noiseRows(space), space.genotypes.length]);
  const temperature = input(TEMPERATURE, 'float32', []);
  const strips = input(STRIP, 'float32', [space.sites.length]);
  let row = 0;
  return new Map(
    space.sites.map(({ name, channelGroups }, i) => {
      const part = sliceAxis(noise, 0, row, row + channelGroups);
      row += channelGroups;
      return [name, { noise: part, temperature, strip: reshape(sliceAxis(strips, 0, i, i + 1), []) }];
    }),
  );
}

/**
 * Feeds of a sampled step, a pure function of seed and step: Gumbel noise and the temperature; and for each convolution a
 * number from 0 to below 1, of which the strip of rows is made that all genotypes are weighed on. A program takes those that it has.
 */
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
  const ofStrips = seedOf(seed, `strip ${step}`);
  const strips = Float32Array.from(space.sites, (_, i) => hashUniform(ofStrips, i));
  return {
    [NOISE]: tensorData('float32', shape, values),
    [TEMPERATURE]: tensorData('float32', [], [temperature]),
    [STRIP]: tensorData('float32', [space.sites.length], strips),
  };
}

function noiseRows(space: SearchSpace): number {
  return space.sites.reduce((sum, { channelGroups }) => sum + channelGroups, 0);
}
