import {
  and,
  cast,
  clip,
  greater,
  greaterEqual,
  less,
  reduceSum,
  select,
  sliceAxis,
  subtract,
  type Tensor,
  takeAlongAxis,
  topK,
} from '@nats/graph';

/** How many examples of an image are sampled, and of which kind. */
export interface SamplerConfig {
  /** Samples of each image, foreground and background together. */
  readonly size: number;
  /** Largest share of foreground among them; what is missing of it is filled with background. */
  readonly foregroundShare: number;
}

/** Which anchors or proposals of a batch a loss is computed on. */
export interface Sample {
  /** bool `[B, A]` */
  readonly foreground: Tensor;
  /** bool `[B, A]` */
  readonly background: Tensor;
}

/**
 * Draws from each image `size` candidates, at most the given share of them foreground (Faster R-CNN, section 3.1.3;
 * torchvision's BalancedPositiveNegativeSampler). Images with fewer candidates give what they have.
 * @param foreground bool `[B, A]`
 * @param background bool `[B, A]`, nowhere true where `foreground` is
 * @param keys float32 `[B, A]`, see `samplingKeys`: of each kind those with the largest are drawn
 */
export function balancedSample(
  foreground: Tensor,
  background: Tensor,
  keys: Tensor,
  { size, foregroundShare }: SamplerConfig,
): Sample {
  const candidates = keys.shape[1] as number;
  const drawn = withLargestKeys(foreground, keys, Math.min(Math.floor(size * foregroundShare), candidates));
  if (size >= candidates) return { foreground: drawn, background };
  const wanted = subtract(size, cast(reduceSum(cast(drawn, 'float32'), { axes: [1], keepDims: true }), 'int32'));
  const { values } = topK(select(background, keys, -1), size);
  const last = takeAlongAxis(values, clip(subtract(wanted, 1), 0, size - 1), 1);
  const enough = and(greaterEqual(keys, last), greater(wanted, 0));
  return { foreground: drawn, background: and(background, enough) };
}

/** The `count` members of each row with the largest keys; all if there are fewer. */
function withLargestKeys(members: Tensor, keys: Tensor, count: number): Tensor {
  if (count === 0) return less(keys, 0);
  const { values } = topK(select(members, keys, -1), count);
  return and(members, greaterEqual(keys, sliceAxis(values, 1, count - 1, count)));
}
