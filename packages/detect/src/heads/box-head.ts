import {
  add,
  cast,
  type Dimension,
  divide,
  equal,
  linear,
  logSoftmax,
  multiply,
  negate,
  oneHot,
  range,
  reduceSum,
  relu,
  reshape,
  type Scope,
  type Tensor,
} from '@nats/graph';
import { type AverageFactor, ownCount } from '@nats/train/core';
import { type CoderWeights, encodeBoxes } from '../boxes/box-coder.js';
import { smoothL1Loss } from '../losses/box-losses.js';
import type { SampledBoxes } from '../proposals/sample-proposals.js';

/** Weights of the box coder: offsets of the second stage are small (Faster R-CNN's code; torchvision). */
export const BOX_HEAD_WEIGHTS: CoderWeights = [10, 10, 5, 5];

export interface BoxHeadConfig {
  readonly classes: number;
  /** Units of the two hidden layers; 1024 in the paper. */
  readonly representationSize: number;
  /** One box for each class, as torchvision, or one for all, as Cascade R-CNN. */
  readonly boxes: 'of-class' | 'of-all';
}

/** What the second stage predicts of each pooled proposal. */
export interface BoxHeadOutputs {
  /** `[N, K, classes + 1]`, the background first */
  readonly logits: Tensor;
  /** `[N, K, boxes, 4]`, offsets to the boxes that were pooled; of each class, the background first, or one */
  readonly offsets: Tensor;
}

/**
 * Two hidden layers and two predictors on pooled features, named as torchvision's: `box_head.fc6`, `box_head.fc7`,
 * `box_predictor.cls_score`, `box_predictor.bbox_pred`.
 * @param head scope of `fc6` and `fc7`
 * @param predictor scope of `cls_score` and `bbox_pred`
 * @param pooled `[N, K, C, h, w]`
 */
export function boxHead(head: Scope, predictor: Scope, pooled: Tensor, config: BoxHeadConfig): BoxHeadOutputs {
  const [n, k, ...rest] = pooled.shape as [Dimension, number, ...number[]];
  const features = rest.reduce((product, size) => product * size, 1);
  // One product for all images where their number is known.
  const rows = n === 'N' ? [n, k] : [n * k];
  let x = reshape(pooled, [...rows, features]);
  x = relu(linear(head.child('fc6'), x, config.representationSize));
  x = relu(linear(head.child('fc7'), x, config.representationSize));
  const boxes = config.boxes === 'of-class' ? config.classes + 1 : 1;
  return {
    logits: reshape(linear(predictor.child('cls_score'), x, config.classes + 1), [n, k, config.classes + 1]),
    offsets: reshape(linear(predictor.child('bbox_pred'), x, boxes * 4), [n, k, boxes, 4]),
  };
}

/** Losses of the second stage, scalars. */
export interface BoxHeadLosses {
  readonly classification: Tensor;
  readonly box: Tensor;
}

/**
 * Cross-entropy of all sampled boxes and smooth L1 of the foreground, both divided by the batch's number of sampled boxes
 * (torchvision's fastrcnn_loss). Places that are not taken count for nothing.
 * @param stage name of that number, where several heads have one
 */
export function boxHeadLoss(
  { logits, offsets }: BoxHeadOutputs,
  sampled: SampledBoxes,
  weights: CoderWeights = BOX_HEAD_WEIGHTS,
  averageFactor: AverageFactor = ownCount,
  stage = 'box',
): BoxHeadLosses {
  const [b, s, classes] = logits.shape as [number, number, number];
  const boxes = offsets.shape[2] as number;
  const isValid = cast(sampled.valid, 'float32');
  const count = averageFactor(stage, reduceSum(isValid));
  const label = add(sampled.labels, 1);
  const entropy = negate(reduceSum(multiply(logSoftmax(logits), oneHot(label, classes)), { axes: [2] }));

  // Of class-wise boxes only the object's class counts.
  const own =
    boxes === 1
      ? offsets
      : multiply(offsets, reshape(cast(equal(reshape(label, [b, s, 1]), range(boxes)), 'float32'), [b, s, boxes, 1]));
  const predicted = reduceSum(own, { axes: [2] });
  const expected = encodeBoxes(sampled.targets, sampled.boxes, weights);
  const distance = multiply(smoothL1Loss(predicted, expected), reshape(cast(sampled.foreground, 'float32'), [b, s, 1]));
  return {
    classification: divide(reduceSum(multiply(entropy, isValid)), count),
    box: divide(reduceSum(distance), count),
  };
}
