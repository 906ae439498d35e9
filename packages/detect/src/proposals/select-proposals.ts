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
import { boxColumns } from '../boxes/box-iou.js';
import { matchedRows } from '../matching/targets.js';

/** What a region proposal network says of every anchor. */
export interface RpnOutputs {
  /** `[N, A]`, logits */
  readonly objectness: Tensor;
  /** `[N, A, 4]`, offsets to the anchors */
  readonly offsets: Tensor;
}

/** Which boxes of the proposal network go on to the second stage. */
export interface ProposalConfig {
  /** Anchors of each level with the highest objectness that go on; 2000 in training and 1000 afterwards in torchvision. */
  readonly candidatesPerLevel: number;
  /** Of those of a level that overlap by more, the better one stays. */
  readonly iouThreshold: number;
  /** Proposals of an image, the best of all levels. */
  readonly maxProposals: number;
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

/** Boxes of one level `[N, k, 4]` and their logits `[N, k]`, -Infinity for those that are too small, in falling order. */
export interface LevelCandidates {
  readonly boxes: Tensor;
  readonly scores: Tensor;
}

/** The best anchors of each level, decoded and clipped: what non-maximum suppression chooses from. */
export function proposalCandidates(
  { objectness, offsets }: RpnOutputs,
  anchors: Anchors,
  perLevel: number,
  [height, width]: readonly [number, number],
): LevelCandidates[] {
  const scoresOfLevel = split(stopGradient(objectness), anchors.counts, 1);
  const offsetsOfLevel = split(stopGradient(offsets), anchors.counts, 1);
  let start = 0;
  return anchors.counts.map((count, level) => {
    const own = anchors.boxes.data.subarray(start * 4, (start + count) * 4);
    start += count;
    const best = topK(scoresOfLevel[level]!, Math.min(perLevel, count));
    const shapes = gather(constant(tensorData('float32', [count, 4], own)), best.indices);
    const boxes = clipBoxes(decodeBoxes(matchedRows(offsetsOfLevel[level]!, best.indices), shapes), height, width);
    return { boxes, scores: select(largeEnough(boxes, SMALLEST_SIDE), best.values, Number.NEGATIVE_INFINITY) };
  });
}

/**
 * Proposals from the outputs of a region proposal network: the best anchors of each level, decoded and clipped, small ones
 * dropped, non-maximum suppression level by level, the best of all levels (torchvision's filter_proposals). Sizes are
 * static: K is `maxProposals`, or what the levels give at most.
 */
export function selectProposals(
  rpn: RpnOutputs,
  anchors: Anchors,
  { candidatesPerLevel, iouThreshold, maxProposals }: ProposalConfig,
  inputSize: readonly [number, number],
): Proposals {
  const levels = proposalCandidates(rpn, anchors, candidatesPerLevel, inputSize).map(({ boxes, scores }) => {
    const kept = nms(boxes, scores, { iouThreshold, maxOutput: Math.min(maxProposals, scores.shape[1] as number) });
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
  const best = topK(scores, Math.min(maxProposals, scores.shape[1] as number));
  return {
    boxes: matchedRows(join('boxes'), best.indices),
    valid: greater(best.values, Number.NEGATIVE_INFINITY),
  };
}

/** bool `[N, K]`: both sides of boxes `[N, K, 4]` are at least so long. */
export function largeEnough(boxes: Tensor, side: number): Tensor {
  const [x1, y1, x2, y2] = boxColumns(boxes);
  const both = and(greaterEqual(subtract(x2, x1), side), greaterEqual(subtract(y2, y1), side));
  return reshape(both, boxes.shape.slice(0, -1));
}
