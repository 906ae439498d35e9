/**
 * The sampled relaxation whose architecture gradient knows all genotypes, drawn or not.
 *
 * Let z[k] be the one-hot genotype drawn for channel group k from p[k] = softmax(alpha[k]), c[k, g] the group's output if it
 * had genotype g, so that y[k] = sum_g z[k, g] c[k, g], and d[k] the gradient of the loss at y[k]. Then
 *
 *   dL / dz[k, g] = s[k, g] = <d[k], c[k, g]>                                                           (1)
 *
 * summed over images, channels of the group and positions: what choosing g would do, to first order. A convolution is linear
 * in its weight, so c[k, g] takes one forward convolution and (1) an inner product; no gradient flows back through what was
 * not drawn. The straight-through estimator (Bengio et al. 2013) sends s through the softmax:
 *
 *   dL / dalpha[k, g] = p[k, g] (s[k, g] - sum_h p[k, h] s[k, h])                                         (2)
 *
 * ReinMax (Liu et al. 2023, algorithm 2, temperature 1) sends it through two: with J(q) s = q (s - <q, s>) and
 * q = (z + p) / 2 it is 2 J(q) s - J(p) s / 2, exact in the mean for losses that are quadratic in z, where (2) is exact for
 * linear ones.
 *
 * (1) is a sum over images. Over m of the N images of a batch, times N / m, its mean over which images these are is the
 * whole sum, and (2) and ReinMax are linear in s: the estimate is unbiased for the estimator on the whole batch. The first
 * m images are taken: batches hold shuffled examples, so these are a random part. A step costs a plain one and G - 1 forward
 * convolutions on m images (the drawn genotype's output is there already).
 *
 * It is written as a term whose value is 0: (q - stop(q)) c has the gradient <d, c> by q.
 */
import {
  add,
  argMax,
  concat,
  constant,
  conv2dByChannelDilation,
  divide,
  gather,
  log,
  multiply,
  oneHot,
  range,
  reduceSum,
  reshape,
  sliceAxis,
  softmax,
  stopGradient,
  subtract,
  type Tensor,
  tensorData,
} from '@nats/graph';
import type { Genotype } from '@nats/space';
import { type DilatedConvolution, outputChannels } from './dilated-convolution.js';

export interface AllGenotypesOptions {
  readonly estimator: 'straight-through' | 'reinmax';
  /** Images of a batch on which all genotypes are weighed; default an eighth of it, at least 1. */
  readonly images?: number;
}

/** How many images of a batch all genotypes are weighed on. */
export function weighedImages(batch: number, images = Math.max(1, Math.floor(batch / 8))): number {
  return Math.min(batch, images);
}

/**
 * A drawn genotype for each channel group; the gradient of `alpha` is the estimator's over all genotypes.
 * @param x `[N, C, H, W]`
 * @param weight `[O, C / groups, 3, 3]`
 * @param alpha `[K, G]`
 * @param noise Gumbel noise `[K, G]`, see `samplingFeeds`
 */
export function allGenotypesConvolution(
  x: Tensor,
  weight: Tensor,
  alpha: Tensor,
  noise: Tensor,
  genotypes: readonly Genotype[],
  convolution: DilatedConvolution,
  { estimator, images }: AllGenotypesOptions,
): Tensor {
  const channels = outputChannels(weight);
  const groupOfChannel = divide(range(channels), channels / (alpha.shape[0] as number));
  const drawn = argMax(add(stopGradient(alpha), noise), 1);
  const convolve = (input: Tensor, kernel: Tensor, chosen: Tensor) =>
    conv2dByChannelDilation(input, kernel, gather(chosen, groupOfChannel), { genotypes, ...convolution });
  const y = convolve(x, weight, drawn);

  const batch = x.shape[0] as number;
  const part = weighedImages(batch, images);
  const firstImages = (tensor: Tensor) => (part === batch ? tensor : sliceAxis(tensor, 0, 0, part));
  const coefficients = straightThrough(alpha, drawn, estimator);
  const [seen, kernel] = [stopGradient(firstImages(x)), stopGradient(weight)];
  const terms = genotypes.map((_, turn) => {
    const chosen = turn === 0 ? drawn : turned(drawn, turn, genotypes.length);
    const output = turn === 0 ? stopGradient(firstImages(y)) : convolve(seen, kernel, chosen);
    const coefficient = reduceSum(multiply(coefficients, oneHot(chosen, genotypes.length)), { axes: [1] });
    const zero = divide(multiply(subtract(coefficient, stopGradient(coefficient)), batch), part);
    return multiply(output, reshape(gather(zero, groupOfChannel), [channels, 1, 1]));
  });
  const weighed = add(firstImages(y), terms.reduce(add));
  return part === batch ? weighed : concat([weighed, sliceAxis(y, 0, part, batch)], 0);
}

/** The genotype `turn` after each group's own, in a circle: over all turns every group has every genotype once. */
function turned(drawn: Tensor, turn: number, genotypes: number): Tensor {
  const next = Array.from({ length: genotypes }, (_, g) => (g + turn) % genotypes);
  return gather(constant(tensorData('int32', [genotypes], next)), drawn);
}

/** `[K, G]` whose gradient by `alpha` is the estimator's; its values do not matter. */
function straightThrough(alpha: Tensor, drawn: Tensor, estimator: AllGenotypesOptions['estimator']): Tensor {
  const p = softmax(alpha, 1);
  if (estimator === 'straight-through') return p;
  // Logits whose softmax is q = (z + p) / 2, and move as alpha does.
  const q = multiply(add(p, oneHot(drawn, alpha.shape[1] as number)), 0.5);
  const logits = add(stopGradient(subtract(log(add(q, 1e-30)), alpha)), alpha);
  return subtract(multiply(softmax(logits, 1), 2), multiply(p, 0.5));
}
