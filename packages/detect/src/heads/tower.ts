import {
  batchNorm,
  concat,
  convolution,
  type Dimension,
  groupNorm,
  type Initializer,
  relu,
  reshape,
  type Scope,
  split,
  type Tensor,
  transpose,
  zeros,
} from '@nats/graph';

/** Norm inside a head: torchvision's RetinaNet has none, its FCOS group norm with 32 groups. */
export type HeadNorm =
  | { readonly kind: 'none' }
  | { readonly kind: 'batch' }
  | { readonly kind: 'group'; readonly groups: number };

/** Focal loss, section 4.1: small weights, so that training starts from the prior. */
export const HEAD_INITIALIZER: Initializer = { kind: 'normal', deviation: 0.01 };

/** The convolutions that a head's branches begin with. */
export interface TowerOptions {
  readonly depth: number;
  readonly norm: HeadNorm;
  /**
   * Scope names inside the tower: `blocks` is `conv.i.0` and `conv.i.1` for the norm (torchvision's RetinaNet),
   * `sequence` is `conv.0, conv.1, …` counting convolutions, norms and activations (its FCOS).
   */
  readonly naming: 'blocks' | 'sequence';
}

/** 3x3 convolutions, each with norm and ReLU, channels kept: the same weights for every level of the pyramid. */
export function tower(scope: Scope, levels: readonly Tensor[], { depth, norm, naming }: TowerOptions): Tensor[] {
  let features = [...levels];
  for (let i = 0; i < depth; i++) {
    const place = scope.child('conv');
    const [convolutionScope, normScope] =
      naming === 'blocks'
        ? [place.child(i).child(0), place.child(i).child(1)]
        : [place.child(i * 3), place.child(i * 3 + 1)];
    const convolved = features.map((x) =>
      convolution(convolutionScope, x, {
        channels: x.shape[1] as number,
        padding: 1,
        // As torchvision: a convolution before a norm has no bias in `blocks`, and has one in `sequence`.
        bias: naming === 'sequence' || norm.kind === 'none',
        initializer: HEAD_INITIALIZER,
      }),
    );
    features = normalizeLevels(normScope, convolved, norm).map(relu);
  }
  return features;
}

/**
 * Group norm sees one image and level at a time. Batch norm takes the statistics of all levels together (our choice), so
 * that the one set of running statistics means in evaluation what the batch's meant in training.
 */
function normalizeLevels(scope: Scope, levels: readonly Tensor[], norm: HeadNorm): Tensor[] {
  if (norm.kind === 'none') return [...levels];
  if (norm.kind === 'group') return levels.map((x) => groupNorm(scope, x, norm.groups));
  const sizes = levels.map((x) => (x.shape[2] as number) * (x.shape[3] as number));
  const rows = levels.map((x, i) => reshape(x, [x.shape[0]!, x.shape[1]!, sizes[i]!, 1]));
  const normalized = split(batchNorm(scope, concat(rows, 2)), sizes, 2);
  return normalized.map((x, i) => reshape(x, levels[i]!.shape));
}

/** Side of a prediction's kernel: 3 in the papers of FCOS and RetinaNet, 1 in YOLOX (Ge et al. 2021). */
export type PredictionKernel = 1 | 3;

/** A convolution whose `channels` are the predictions at every location. */
export function predictor(
  scope: Scope,
  x: Tensor,
  channels: number,
  bias: number,
  kernel: PredictionKernel = 3,
): Tensor {
  return convolution(scope, x, {
    channels,
    kernel,
    padding: (kernel - 1) / 2,
    bias: true,
    initializer: HEAD_INITIALIZER,
    biasInitializer: bias === 0 ? zeros : { kind: 'constant', value: bias },
  });
}

/** Bias with which a sigmoid starts at the prior probability of an object: -log((1 - p) / p). */
export function priorBias(probability: number): number {
  return -Math.log((1 - probability) / probability);
}

/** `[N, anchors * values, H, W]` of each level to `[N, all anchors, values]`: rows, columns, then anchors of a location. */
export function flattenPredictions(levels: readonly Tensor[], values: number): Tensor {
  return concat(
    levels.map((x) => {
      const [n, channels, h, w] = x.shape as [Dimension, number, number, number];
      const anchors = channels / values;
      const apart = transpose(reshape(x, [n, anchors, values, h, w]), [0, 3, 4, 1, 2]);
      return reshape(apart, [n, h * w * anchors, values]);
    }),
    1,
  );
}
