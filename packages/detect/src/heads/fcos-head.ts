import {
  cast,
  constant,
  divide,
  exp,
  maximum,
  minimum,
  multiply,
  oneHot,
  reduceSum,
  relu,
  reshape,
  type Scope,
  select,
  sliceAxis,
  sqrt,
  stopGradient,
  type Tensor,
} from '@nats/graph';
import { type AverageFactor, ownCount } from '@nats/train/core';
import type { Anchors } from '../boxes/anchors.js';
import { decodeDistances, encodeDistances } from '../boxes/box-coder.js';
import { giouLoss, pairedBoxIou } from '../losses/box-losses.js';
import { binaryCrossEntropy, focalLoss } from '../losses/focal-loss.js';
import { type CenterSamplingOptions, matchByCenter } from '../matching/center-sampling.js';
import { matchedRows, type Targets } from '../matching/targets.js';
import { flattenPredictions, type HeadNorm, type PredictionKernel, predictor, priorBias, tower } from './tower.js';

/** FCOS's head (Tian et al. 2019, section 3). */
export interface FcosHeadConfig {
  readonly classes: number;
  readonly depth: number;
  readonly norm: HeadNorm;
  readonly priorProbability: number;
  /** How distances are kept positive: `relu` as torchvision, `exp` as the first version of the paper. */
  readonly distance: 'relu' | 'exp';
  /** What the third branch predicts: how central a point is (the paper), or the IoU of its box with the object. */
  readonly quality: 'centerness' | 'iou';
  readonly predictionKernel: PredictionKernel;
  readonly sampling: CenterSamplingOptions;
}

/** What FCOS's head predicts at each point; A counts points of all levels, finest first. */
export interface FcosOutputs {
  /** `[N, A, classes]` */
  readonly classLogits: Tensor;
  /** `[N, A, 4]`, left, top, right, bottom in strides, not negative */
  readonly distances: Tensor;
  /** `[N, A, 1]`, logits */
  readonly quality: Tensor;
}

/** FCOS's towers, named as torchvision's: `classification_head.cls_logits`, `regression_head.bbox_reg`, `.bbox_ctrness`. */
export function fcosHead(scope: Scope, levels: readonly Tensor[], config: FcosHeadConfig): FcosOutputs {
  const options = { depth: config.depth, norm: config.norm, naming: 'sequence' } as const;
  const classification = scope.child('classification_head');
  const regression = scope.child('regression_head');
  const positive = config.distance === 'relu' ? relu : exp;
  const { predictionKernel: kernel } = config;
  const logits = tower(classification, levels, options).map((x) =>
    predictor(classification.child('cls_logits'), x, config.classes, priorBias(config.priorProbability), kernel),
  );
  const features = tower(regression, levels, options);
  const distances = features.map((x) => positive(predictor(regression.child('bbox_reg'), x, 4, 0, kernel)));
  const quality = features.map((x) => predictor(regression.child('bbox_ctrness'), x, 1, 0, kernel));
  return {
    classLogits: flattenPredictions(logits, config.classes),
    distances: flattenPredictions(distances, 4),
    quality: flattenPredictions(quality, 1),
  };
}

export interface FcosLosses {
  readonly classification: Tensor;
  readonly box: Tensor;
  readonly quality: Tensor;
}

/** Focal, GIoU and quality loss, summed and divided by the batch's number of foreground points, at least 1 (torchvision). */
export function fcosLoss(
  outputs: FcosOutputs,
  points: Anchors,
  targets: Targets,
  config: FcosHeadConfig,
  averageFactor: AverageFactor = ownCount,
): FcosLosses {
  const { matched, foreground } = matchByCenter(points.boxes, points.counts, targets, config.sampling);
  const [b, a] = matched.shape as [number, number];
  const anchors = reshape(constant(points.boxes), [1, a, 4]);
  const isForeground = reshape(cast(foreground, 'float32'), [b, a, 1]);
  const count = averageFactor('foreground', reduceSum(isForeground));
  const mean = (losses: Tensor) => divide(reduceSum(losses), count);

  const label = select(foreground, matchedRows(targets.labels, matched), -1);
  // Background points are compared with their own square: finite, and multiplied by 0 afterwards.
  const target = select(reshape(foreground, [b, a, 1]), matchedRows(targets.boxes, matched), anchors);
  const predicted = decodeDistances(outputs.distances, anchors);
  const expectedQuality =
    config.quality === 'iou'
      ? stopGradient(pairedBoxIou(predicted, target))
      : centerness(encodeDistances(target, anchors));
  return {
    classification: mean(focalLoss(outputs.classLogits, oneHot(label, config.classes))),
    box: mean(multiply(giouLoss(predicted, target), isForeground)),
    quality: mean(multiply(binaryCrossEntropy(outputs.quality, expectedQuality), isForeground)),
  };
}

/** sqrt(min(l, r) / max(l, r) * min(t, b) / max(t, b)) of distances `[…, 4]`: 1 in the middle, 0 at a side (FCOS, equation 3). */
function centerness(distances: Tensor): Tensor {
  const [left, top, right, bottom] = [0, 1, 2, 3].map((i) => sliceAxis(distances, -1, i, i + 1)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const ratio = (one: Tensor, other: Tensor) => divide(minimum(one, other), maximum(one, other));
  return sqrt(multiply(ratio(left, right), ratio(top, bottom)));
}
