import {
  and,
  argMax,
  cast,
  equal,
  greater,
  greaterEqual,
  not,
  or,
  reduceMax,
  reshape,
  select,
  stopGradient,
  type Tensor,
} from '@nats/graph';
import { boxIou } from '../boxes/box-iou.js';
import { type Assignment, type Targets, validObjects } from './targets.js';

/** When an anchor is foreground, background, or neither. */
export interface IouMatcherOptions {
  /** At least this overlap makes an anchor foreground. */
  readonly foregroundIou: number;
  /** Less makes it background; between the two it is ignored. */
  readonly backgroundIou: number;
  /** Every object also gets the anchors that overlap it most, however little (torchvision's allow_low_quality_matches). */
  readonly lowQualityMatches: boolean;
}

/**
 * Assigns anchors by overlap: each to the object that it overlaps most (Faster R-CNN, section 3.1.2; torchvision's Matcher).
 * Where an object overlaps no anchor at all torchvision's rule would make every such anchor foreground; here it stays
 * without an anchor. An image without objects has only background.
 */
export function matchByIou(anchors: Tensor, targets: Targets, options: IouMatcherOptions): Assignment {
  const valid = validObjects(targets);
  const [b, m] = valid.shape as [number, number];
  // Below every threshold, and never equal to a positive maximum.
  const iou = stopGradient(select(reshape(valid, [b, 1, m]), boxIou(anchors, targets.boxes), -1));
  const best = reduceMax(iou, { axes: [2] });
  let foreground = greaterEqual(best, options.foregroundIou);
  if (options.lowQualityMatches) foreground = or(foreground, overlapsMost(iou));
  const between = greaterEqual(best, options.backgroundIou);
  return { matched: argMax(iou, 2), foreground, ignored: and(between, not(foreground)) };
}

/** bool `[B, A]`: no other anchor overlaps one of the objects more. */
function overlapsMost(iou: Tensor): Tensor {
  const bestOfObject = reduceMax(iou, { axes: [1], keepDims: true });
  const isBest = and(equal(iou, bestOfObject), greater(bestOfObject, 0));
  return greater(reduceMax(cast(isBest, 'float32'), { axes: [2] }), 0);
}
