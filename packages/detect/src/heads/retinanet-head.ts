import {
  cast,
  constant,
  divide,
  maximum,
  multiply,
  not,
  oneHot,
  reduceMean,
  reduceSum,
  reshape,
  type Scope,
  select,
  type Tensor,
} from '@nats/graph';
import type { Anchors } from '../boxes/anchors.js';
import { decodeBoxes, encodeBoxes } from '../boxes/box-coder.js';
import { giouLoss, l1Loss, smoothL1Loss } from '../losses/box-losses.js';
import { focalLoss } from '../losses/focal-loss.js';
import { matchByIou } from '../matching/iou-matcher.js';
import { matchedRows, type Targets } from '../matching/targets.js';
import { flattenPredictions, type HeadNorm, predictor, priorBias, tower } from './tower.js';

/** RetinaNet's head (Lin et al. 2017, Focal Loss, section 4). */
export interface RetinanetHeadConfig {
  readonly classes: number;
  readonly anchorsPerLocation: number;
  /** Convolutions of each tower; 4 in the paper. */
  readonly depth: number;
  readonly norm: HeadNorm;
  readonly boxLoss: 'l1' | 'smooth-l1' | 'giou';
  readonly priorProbability: number;
}

/** What RetinaNet's head predicts of each anchor; A counts anchors of all levels, finest first. */
export interface RetinanetOutputs {
  /** `[N, A, classes]` */
  readonly classLogits: Tensor;
  /** `[N, A, 4]`, offsets to the anchors */
  readonly boxOffsets: Tensor;
}

/** RetinaNet's two towers, named as torchvision's: `classification_head.cls_logits`, `regression_head.bbox_reg`. */
export function retinanetHead(scope: Scope, levels: readonly Tensor[], config: RetinanetHeadConfig): RetinanetOutputs {
  const { classes, anchorsPerLocation: anchors, depth, norm, priorProbability } = config;
  const options = { depth, norm, naming: 'blocks' } as const;
  const classification = scope.child('classification_head');
  const regression = scope.child('regression_head');
  const logits = tower(classification, levels, options).map((x) =>
    predictor(classification.child('cls_logits'), x, anchors * classes, priorBias(priorProbability)),
  );
  const offsets = tower(regression, levels, options).map((x) =>
    predictor(regression.child('bbox_reg'), x, anchors * 4, 0),
  );
  return { classLogits: flattenPredictions(logits, classes), boxOffsets: flattenPredictions(offsets, 4) };
}

export interface RetinanetLosses {
  readonly classification: Tensor;
  readonly box: Tensor;
}

/**
 * Focal loss of all anchors that are not ignored and box loss of the foreground, both divided by each image's number of
 * foreground anchors (at least 1) and averaged over images (torchvision's RetinaNetHead.compute_loss).
 */
export function retinanetLoss(
  outputs: RetinanetOutputs,
  anchors: Anchors,
  targets: Targets,
  config: RetinanetHeadConfig,
): RetinanetLosses {
  const boxes = constant(anchors.boxes);
  const { matched, foreground, ignored } = matchByIou(boxes, targets, {
    foregroundIou: 0.5,
    backgroundIou: 0.4,
    lowQualityMatches: true,
  });
  const [b, a] = matched.shape as [number, number];
  const isForeground = cast(foreground, 'float32');
  const count = maximum(reduceSum(isForeground, { axes: [1] }), 1);
  const perImage = (losses: Tensor) => reduceMean(divide(reduceSum(losses, { axes: [1, 2] }), count));

  const label = select(foreground, matchedRows(targets.labels, matched), -1);
  const counted = reshape(cast(not(ignored), 'float32'), [b, a, 1]);
  const classification = multiply(focalLoss(outputs.classLogits, oneHot(label, config.classes)), counted);

  const target = matchedRows(targets.boxes, matched);
  const box = multiply(
    boxLosses(outputs.boxOffsets, target, boxes, foreground, config),
    reshape(isForeground, [b, a, 1]),
  );
  return { classification: perImage(classification), box: perImage(box) };
}

function boxLosses(
  offsets: Tensor,
  target: Tensor,
  anchors: Tensor,
  foreground: Tensor,
  config: RetinanetHeadConfig,
): Tensor {
  // Background anchors are compared with themselves: finite, and multiplied by 0 afterwards.
  const [b, a] = foreground.shape as [number, number];
  const safe = select(reshape(foreground, [b, a, 1]), target, reshape(anchors, [1, a, 4]));
  if (config.boxLoss === 'giou') return giouLoss(decodeBoxes(offsets, reshape(anchors, [1, a, 4])), safe);
  const expected = encodeBoxes(safe, reshape(anchors, [1, a, 4]));
  return config.boxLoss === 'l1' ? l1Loss(offsets, expected) : smoothL1Loss(offsets, expected);
}
