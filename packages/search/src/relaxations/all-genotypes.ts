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
 * (1) is a sum over images and positions. Over a part of them, times what all are to the part, its mean over which part that
 * is equals the whole sum, and (2) and ReinMax are linear in s: the estimate is unbiased for the estimator on the whole batch.
 * The part is our choice, and either
 *
 * - the first m of the N images of a batch, times N / m: batches hold shuffled examples, so their order, an input, makes
 *   these a random part; or
 * - one of n strips of rows of every image, times n, drawn anew for each layer and step by an input (`samplingFeeds`). With a
 *   height that n does not divide the last strips are lower or empty, which the mean over all strips allows for.
 *
 * PC-DARTS (Xu et al. 2020) saves by a part of the channels, and changes the network in that; here the network is the drawn
 * one. A step costs a plain one and G forward convolutions on the part: those of undivided channels are faster than the
 * G - 1 divided ones that the drawn output would spare.
 *
 * It is written as a term whose value is 0: (q - stop(q)) c has the gradient <d, c> by q.
 */
import {
  add,
  argMax,
  cast,
  concat,
  conv2d,
  conv2dByChannelDilation,
  divide,
  gather,
  log,
  multiply,
  oneHot,
  pad,
  range,
  reshape,
  sliceAxis,
  softmax,
  stopGradient,
  subtract,
  type Tensor,
} from '@nats/graph';
import type { Genotype } from '@nats/space';
import { type DilatedConvolution, outputChannels, samePadding } from './dilated-convolution.js';
import type { RelaxedLayer } from './relaxation.js';

/** The part of a batch on which all genotypes are weighed: some of its images, or one of so many strips of rows. */
export type WeighedPart = { readonly images?: number } | { readonly strips: number };

export interface AllGenotypesOptions {
  readonly estimator: 'straight-through' | 'reinmax';
  /** Default: an eighth of the images, at least 1. */
  readonly part?: WeighedPart;
}

/** What is drawn for a layer. */
export interface AllGenotypesInputs {
  /** Gumbel noise `[K, G]`, see `samplingFeeds`. */
  readonly noise: Tensor;
  /** Scalar, 0 to below 1: which strip. Needed with strips alone. */
  readonly strip?: Tensor;
}

/** How many images of a batch all genotypes are weighed on. */
export function weighedImages(batch: number, images = Math.max(1, Math.floor(batch / 8))): number {
  return Math.min(batch, images);
}

/** A drawn genotype for each channel group; the gradient of `alpha` is the estimator's over all genotypes. */
export function allGenotypesConvolution(
  { x, weight, alpha, genotypes, convolution }: Omit<RelaxedLayer, 'site'>,
  { noise, strip }: AllGenotypesInputs,
  { estimator, part = {} }: AllGenotypesOptions,
): Tensor {
  const channels = outputChannels(weight);
  const groupOfChannel = divide(range(channels), channels / (alpha.shape[0] as number));
  const drawn = argMax(add(stopGradient(alpha), noise), 1);
  const y = conv2dByChannelDilation(x, weight, gather(drawn, groupOfChannel), { genotypes, ...convolution });

  const coefficients = straightThrough(alpha, drawn, estimator);
  const zeros = gather(subtract(coefficients, stopGradient(coefficients)), groupOfChannel);
  const kernel = stopGradient(weight);
  /** 0, with the gradient of every genotype's coefficient. `inputOf` may leave out rows that a genotype does not reach. */
  const effect = (
    inputOf: (genotype: Genotype) => Tensor,
    isCut: boolean,
    [whole, ofPart]: readonly [number, number],
  ) =>
    genotypes
      .map((dilation, g) => {
        const [ph, pw] = samePadding(dilation);
        const padding: Genotype = [isCut ? 0 : ph, pw];
        const output = conv2d(inputOf(dilation), kernel, { ...convolution, dilation, padding });
        // By a quotient: constants are float32, and a third is none.
        const zero = divide(multiply(sliceAxis(zeros, 1, g, g + 1), whole), ofPart);
        return multiply(output, reshape(zero, [channels, 1, 1]));
      })
      .reduce(add);

  if ('strips' in part)
    return withStrip(y, { x: stopGradient(x), strip: strip!, strips: part.strips }, effect, {
      genotypes,
      ...convolution,
    });
  const batch = x.shape[0] as number;
  const images = weighedImages(batch, part.images);
  const first = (tensor: Tensor) => (images === batch ? tensor : sliceAxis(tensor, 0, 0, images));
  const seen = stopGradient(first(x));
  const weighed = add(
    first(y),
    effect(() => seen, false, [batch, images]),
  );
  return images === batch ? weighed : concat([weighed, sliceAxis(y, 0, images, batch)], 0);
}

type Effect = (inputOf: (genotype: Genotype) => Tensor, isCut: boolean, scale: readonly [number, number]) => Tensor;

/** Adds the effect of one strip of the output's rows. Only the rows that it needs of the input are convolved. */
function withStrip(
  y: Tensor,
  { x, strip, strips }: { readonly x: Tensor; readonly strip: Tensor; readonly strips: number },
  effect: Effect,
  { genotypes, stride }: DilatedConvolution & { readonly genotypes: readonly Genotype[] },
): Tensor {
  const [n, o, height, width] = y.shape as [number, number, number, number];
  const rows = Math.ceil(height / strips);
  const step = typeof stride === 'number' ? stride : stride[0];
  const reach = Math.max(...genotypes.map(([dh]) => dh));
  const span = (rows - 1) * step + 1 + 2 * reach;
  const bottom = Math.max(0, (strips - 1) * rows * step + span - reach - (x.shape[2] as number));
  const padded = pad(x, [
    [0, 0],
    [0, 0],
    [reach, bottom],
    [0, 0],
  ]);
  const which = cast(multiply(strip, strips), 'int32');
  const seen = gather(padded, add(multiply(which, rows * step), range(span)), 2);
  const inputOf = ([dh]: Genotype) => sliceAxis(seen, 2, reach - dh, span - (reach - dh));
  const ofStrip = reshape(effect(inputOf, true, [strips, 1]), [n, o, 1, rows, width]);
  const everywhere = multiply(ofStrip, reshape(oneHot(which, strips), [strips, 1, 1]));
  return add(y, sliceAxis(reshape(everywhere, [n, o, strips * rows, width]), 2, 0, height));
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
