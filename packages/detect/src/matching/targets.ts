import { broadcastTo, type Dimension, greaterEqual, reshape, type Tensor, takeAlongAxis } from '@nats/graph';

/** Ground truth of a batch, padded to M objects an image. */
export interface Targets {
  /** float32 `[B, M, 4]`, x1, y1, x2, y2 in pixels of the network's input; padding holds any box. */
  readonly boxes: Tensor;
  /** int32 `[B, M]`, 0 to classes - 1; -1 is padding. An image without objects has padding only. */
  readonly labels: Tensor;
}

/** Which ground-truth object each anchor answers for. */
export interface Assignment {
  /** int32 `[B, A]`, 0 to M - 1; meaningful where `foreground`. */
  readonly matched: Tensor;
  /** bool `[B, A]`. */
  readonly foreground: Tensor;
  /** bool `[B, A]`: neither foreground nor background; left out of the classification loss. */
  readonly ignored: Tensor;
}

/** bool `[B, M]`: real objects, not padding. */
export function validObjects({ labels }: Targets): Tensor {
  return greaterEqual(labels, 0);
}

/** Rows of `values` `[B, M, …]` that `matched` `[B, A]` names, image by image: `[B, A, …]`. B may be 'N'. */
export function matchedRows(values: Tensor, matched: Tensor): Tensor {
  const [b, a] = matched.shape as [Dimension, number];
  const rest = values.shape.slice(2);
  const rows = reshape(matched, [b, a, ...rest.map(() => 1)]);
  return takeAlongAxis(values, broadcastTo(rows, [b, a, ...rest]), 1);
}
