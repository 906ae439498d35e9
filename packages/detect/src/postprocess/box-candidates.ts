import { type Dimension, divide, multiply, reshape, select, subtract, type Tensor, topK } from '@nats/graph';
import { clipBoxes } from '../boxes/box-coder.js';
import { matchedRows } from '../matching/targets.js';
import { largeEnough } from '../proposals/select-proposals.js';
import type { Candidates } from './candidates.js';

/** Smaller boxes are no detections (torchvision). */
const SMALLEST_SIDE = 1e-2;

/**
 * The `maxCandidates` best pairs of proposal and class as candidates. torchvision keeps all pairs above its score threshold, so the
 * detections are the same as long as no image has more than `maxCandidates` of those.
 * @param boxes `[N, K, classes, 4]` decoded, or `[N, K, 1, 4]`: one for all classes
 * @param scores `[N, K, classes]`, without the background
 * @param valid bool `[N, K]`; candidates of other proposals get the score 0
 */
export function selectBoxCandidates(
  boxes: Tensor,
  scores: Tensor,
  valid: Tensor,
  maxCandidates: number,
  [height, width]: readonly [number, number],
): Candidates {
  const [n, k, classes] = scores.shape as [Dimension, number, number];
  const perProposal = boxes.shape[2] as number;
  const clipped = clipBoxes(boxes, height, width);
  const large = largeEnough(clipped, SMALLEST_SIDE);
  const real = select(reshape(valid, [n, k, 1]), select(large, scores, 0), 0);
  const best = topK(reshape(real, [n, k * classes]), Math.min(maxCandidates, k * classes));
  const proposal = divide(best.indices, classes);
  const row = perProposal === 1 ? proposal : best.indices;
  return {
    boxes: matchedRows(reshape(clipped, [n, k * perProposal, 4]), row),
    scores: best.values,
    labels: subtract(best.indices, multiply(proposal, classes)),
  };
}
