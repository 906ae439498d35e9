import {
  and,
  concat,
  constant,
  gather,
  greater,
  greaterEqual,
  nms,
  reshape,
  select,
  split,
  stopGradient,
  subtract,
  type Tensor,
  tensorData,
  topK,
} from '@nats/graph';
import type { Anchors } from '../boxes/anchors.js';
import { clipBoxes, decodeBoxes } from '../boxes/box-coder.js';
import { corners } from '../boxes/pairwise-iou.js';
import type { RpnOutputs } from '../heads/rpn-head.js';
import { matchedRows } from '../matching/targets.js';

export interface ProposalConfig {
  /** Anchors of each level with the highest objectness that go on; 2000 in training and 1000 afterwards in torchvision. */
  readonly candidatesPerLevel: number;
  /** Of those of a level that overlap by more, the better one stays. */
  readonly iouThreshold: number;
  /** Proposals of an image, the best of all levels. */
  readonly limit: number;
}

/** Where objects may be, the likeliest first; nothing is differentiated through them. */
export interface Proposals {
  /** float32 `[N, K, 4]`, x1, y1, x2, y2 in pixels of the network's input, inside it */
  readonly boxes: Tensor;
  /** bool `[N, K]`: false for what only fills up the last places. */
  readonly valid: Tensor;
}

/** Smaller boxes are no proposals (torchvision's min_size). */
const SMALLEST_SIDE = 1e-3;

/**
 * Proposals from the outputs of a region proposal network: the best anchors of each level, decoded and clipped, small ones
 * dropped, non-maximum suppression level by level, the best of all levels (torchvision's filter_proposals). Sizes are
 * static: K is `limit`, or what the levels give at most.
 */
export function selectProposals(
  { objectness, offsets }: RpnOutputs,
  anchors: Anchors,
  { candidatesPerLevel, iouThreshold, limit }: ProposalConfig,
  [height, width]: readonly [number, number],
): Proposals {
  const scoresOfLevel = split(stopGradient(objectness), anchors.counts, 1);
  const offsetsOfLevel = split(stopGradient(offsets), anchors.counts, 1);
  let start = 0;
  const levels = anchors.counts.map((count, level) => {
    const own = anchors.boxes.data.subarray(start * 4, (start + count) * 4);
    start += count;
    const best = topK(scoresOfLevel[level]!, Math.min(candidatesPerLevel, count));
    const shapes = gather(constant(tensorData('float32', [count, 4], own)), best.indices);
    const boxes = clipBoxes(decodeBoxes(matchedRows(offsetsOfLevel[level]!, best.indices), shapes), height, width);
    const scores = select(largeEnough(boxes, SMALLEST_SIDE), best.values, Number.NEGATIVE_INFINITY);
    const maxOutput = Math.min(limit, candidatesPerLevel, count);
    const kept = nms(boxes, scores, { iouThreshold, maxOutput });
    return {
      boxes: matchedRows(boxes, kept.indices),
      scores: select(kept.valid, matchedRows(scores, kept.indices), Number.NEGATIVE_INFINITY),
    };
  });
  const join = (key: 'boxes' | 'scores') =>
    concat(
      levels.map((level) => level[key]),
      1,
    );
  const scores = join('scores');
  const best = topK(scores, Math.min(limit, scores.shape[1] as number));
  return {
    boxes: matchedRows(join('boxes'), best.indices),
    valid: greater(best.values, Number.NEGATIVE_INFINITY),
  };
}

/** bool `[N, K]`: both sides of boxes `[N, K, 4]` are at least so long. */
export function largeEnough(boxes: Tensor, side: number): Tensor {
  const [x1, y1, x2, y2] = corners(boxes);
  const both = and(greaterEqual(subtract(x2, x1), side), greaterEqual(subtract(y2, y1), side));
  return reshape(both, boxes.shape.slice(0, -1));
}
