import { add, cast, type Dimension, multiply, nms, reshape, select, type Tensor } from '@nats/graph';
import { matchedRows } from '../matching/targets.js';
import type { Candidates } from './candidates.js';
import type { DetectionOptions } from './detections.js';

/**
 * Class-wise non-maximum suppression inside a program, for heads that look at what is left: boxes of different classes are
 * moved apart (torchvision's batched_nms). The result is again candidates, `maxDetections` of them in falling order; the
 * last ones may be nothing and have the score 0. `detectionsOf` with the same options leaves it as it is.
 */
export function suppress(
  { boxes, scores, labels }: Candidates,
  { scoreThreshold, iouThreshold, maxDetections }: Required<DetectionOptions>,
  [height, width]: readonly [number, number],
): Candidates {
  const [n, k] = scores.shape as [Dimension, number];
  const apart = multiply(cast(labels, 'float32'), Math.max(height, width) + 1);
  const moved = add(boxes, reshape(apart, [n, k, 1]));
  const { indices, valid } = nms(moved, scores, { iouThreshold, scoreThreshold, maxOutput: maxDetections });
  const take = (x: Tensor) => matchedRows(x, indices);
  return { boxes: take(boxes), scores: select(valid, take(scores), 0), labels: take(labels) };
}
