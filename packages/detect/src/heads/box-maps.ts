import {
  concat,
  constant,
  type Dimension,
  multiply,
  reshape,
  slice,
  type Tensor,
  tensorData,
  transpose,
} from '@nats/graph';

/** Small feature maps of many boxes, in a form that convolutions take. */
export interface BoxMaps {
  /** `[…, C, …, …]`: a batch. */
  readonly batch: Tensor;
  /** After a convolution over neighbors: no box sees another at the next one. */
  separated(x: Tensor): Tensor;
  /** `[N, K, C', f * s, f * s]`, of a batch that grew `f` times as high and wide. */
  maps(x: Tensor): Tensor;
}

/**
 * Maps `[N, K, C, s, s]` for convolutions of at most 3x3. For a known N they are one batch of N * K images. For 'N', whose
 * product with K no shape can tell, the boxes of an image lie one below the other with an empty row between them, which is
 * emptied again after every convolution: `1 / s` more arithmetic, the same numbers.
 */
export function boxMaps(pooled: Tensor): BoxMaps {
  const [n, k, channels, side] = pooled.shape as [Dimension, number, number, number];
  if (n !== 'N') {
    return {
      batch: reshape(pooled, [n * k, channels, side, side]),
      separated: (x) => x,
      maps: (x) => reshape(x, [n, k, ...(x.shape.slice(1) as number[])]),
    };
  }
  const rows = side + 1;
  const beside = transpose(pooled, [0, 2, 1, 3, 4]);
  const gap = multiply(slice(beside, { 3: [0, 1] }), 0);
  const full = Float32Array.from({ length: k * rows }, (_, row) => Number(row % rows < side));
  const occupied = constant(tensorData('float32', [1, 1, k * rows, 1], full));
  return {
    batch: reshape(concat([beside, gap], 3), [n, channels, k * rows, side]),
    separated: (x) => multiply(x, occupied),
    maps: (x) => {
      const [, own, high, wide] = x.shape as [Dimension, number, number, number];
      const sheets = reshape(x, [n, own, k, high / k, wide]);
      return transpose(slice(sheets, { 3: [0, wide] }), [0, 2, 1, 3, 4]);
    },
  };
}
