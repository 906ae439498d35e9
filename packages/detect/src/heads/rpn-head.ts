import {
  and,
  cast,
  constant,
  convolution,
  type Dimension,
  divide,
  multiply,
  not,
  or,
  reduceSum,
  reshape,
  type Scope,
  select,
  type Tensor,
  zeros,
} from '@nats/graph';
import { type AverageFactor, ownCount } from '@nats/train/core';
import type { Anchors } from '../boxes/anchors.js';
import { encodeBoxes } from '../boxes/box-coder.js';
import { smoothL1Loss } from '../losses/box-losses.js';
import { binaryCrossEntropy } from '../losses/focal-loss.js';
import { matchByIou } from '../matching/iou-matcher.js';
import { matchedRows, type Targets } from '../matching/targets.js';
import { balancedSample, type SamplerConfig } from '../proposals/balanced-sampler.js';
import type { RpnOutputs } from '../proposals/select-proposals.js';
import { flattenPredictions, HEAD_INITIALIZER, type HeadNorm, tower } from './tower.js';

export interface RpnHeadConfig {
  readonly anchorsPerLocation: number;
  /** 3x3 convolutions; 1 in the paper. */
  readonly depth: number;
  readonly norm: HeadNorm;
}

/** Region proposal network (Ren et al. 2015), named as torchvision's: `conv.0.0`, `cls_logits`, `bbox_pred`. */
export function rpnHead(scope: Scope, levels: readonly Tensor[], config: RpnHeadConfig): RpnOutputs {
  const { anchorsPerLocation: anchors, depth, norm } = config;
  const features = tower(scope, levels, { depth, norm, naming: 'blocks' });
  const predict = (name: string, values: number) => {
    const maps = features.map((x) =>
      convolution(scope.child(name), x, {
        channels: anchors * values,
        kernel: 1,
        bias: true,
        initializer: HEAD_INITIALIZER,
        biasInitializer: zeros,
      }),
    );
    return flattenPredictions(maps, values);
  };
  const objectness = predict('cls_logits', 1);
  const [n, a] = objectness.shape as [Dimension, number];
  return { objectness: reshape(objectness, [n, a]), offsets: predict('bbox_pred', 4) };
}

/** Losses of the proposal network, scalars. */
export interface RpnLosses {
  readonly objectness: Tensor;
  readonly proposal: Tensor;
}

/** Overlaps from which and below which an anchor is foreground and background (Faster R-CNN, section 3.1.2). */
const MATCHER = { foregroundIou: 0.7, backgroundIou: 0.3, lowQualityMatches: true } as const;

/**
 * Cross-entropy of sampled anchors and smooth L1 of the foreground among them, both divided by the batch's number of sampled
 * anchors (torchvision's RegionProposalNetwork.compute_loss).
 * @param keys float32 `[B, A]`, see `samplingKeys`
 */
export function rpnLoss(
  { objectness, offsets }: RpnOutputs,
  anchors: Anchors,
  targets: Targets,
  keys: Tensor,
  sampler: SamplerConfig,
  averageFactor: AverageFactor = ownCount,
): RpnLosses {
  const boxes = constant(anchors.boxes);
  const { matched, foreground, ignored } = matchByIou(boxes, targets, MATCHER);
  const [b, a] = matched.shape as [number, number];
  const background = and(not(foreground), not(ignored));
  const drawn = balancedSample(foreground, background, keys, sampler);
  const isForeground = cast(drawn.foreground, 'float32');
  const isDrawn = cast(or(drawn.foreground, drawn.background), 'float32');
  const count = averageFactor('rpn', reduceSum(isDrawn));
  const mean = (losses: Tensor) => divide(reduceSum(losses), count);

  const place = [b, a, 1];
  const shapes = reshape(boxes, [1, a, 4]);
  // Other anchors are compared with themselves: finite, and multiplied by 0 afterwards.
  const target = select(reshape(drawn.foreground, place), matchedRows(targets.boxes, matched), shapes);
  const box = smoothL1Loss(offsets, encodeBoxes(target, shapes));
  return {
    objectness: mean(multiply(binaryCrossEntropy(objectness, isForeground), isDrawn)),
    proposal: mean(multiply(box, reshape(isForeground, place))),
  };
}
