import { add, constant, gather, greaterEqual, reshape, type Tensor, tensorData } from '@nats/graph';

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

/** Rows of `values` `[B, M, …]` that `matched` `[B, A]` names, image by image: `[B, A, …]`. */
export function matchedRows(values: Tensor, matched: Tensor): Tensor {
  const [b, m, ...rest] = values.shape as number[];
  const a = matched.shape[1] as number;
  const firstRow = constant(
    tensorData(
      'int32',
      [b!, 1],
      Int32Array.from({ length: b! }, (_, image) => image * m!),
    ),
  );
  const rows = gather(reshape(values, [b! * m!, ...rest]), reshape(add(matched, firstRow), [b! * a]));
  return reshape(rows, [b!, a, ...rest]);
}
