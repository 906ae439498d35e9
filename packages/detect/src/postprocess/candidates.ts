import { concat, type Dimension, divide, multiply, reshape, split, subtract, type Tensor, topK } from '@nats/graph';
import { clipBoxes } from '../boxes/box-coder.js';
import { matchedRows } from '../matching/targets.js';

/** The best boxes of each image before non-maximum suppression: K of them, level after level, each level in falling order. */
export interface Candidates {
  /** float32 `[N, K, 4]`, x1, y1, x2, y2 in pixels of the network's input, inside it */
  readonly boxes: Tensor;
  /** float32 `[N, K]`, 0 to 1 */
  readonly scores: Tensor;
  /** int32 `[N, K]` */
  readonly labels: Tensor;
}

/**
 * From each level the `perLevel` best pairs of box and class (torchvision's postprocess_detections; its score threshold is
 * applied later, which gives the same boxes).
 * @param boxes `[N, A, 4]` decoded; N may be 'N'
 * @param scores `[N, A, classes]`
 * @param counts boxes of each level
 */
export function selectCandidates(
  boxes: Tensor,
  scores: Tensor,
  counts: readonly number[],
  perLevel: number,
  [height, width]: readonly [number, number],
): Candidates {
  const [n, , classes] = scores.shape as [Dimension, number, number];
  const scoresOfLevel = split(scores, counts, 1);
  const boxesOfLevel = split(boxes, counts, 1);
  const levels = counts.map((count, level) => {
    const flat = reshape(scoresOfLevel[level]!, [n, count * classes]);
    const { values, indices } = topK(flat, Math.min(perLevel, count * classes));
    const box = divide(indices, classes);
    return {
      boxes: matchedRows(boxesOfLevel[level]!, box),
      scores: values,
      labels: subtract(indices, multiply(box, classes)),
    };
  });
  const join = (key: 'boxes' | 'scores' | 'labels') =>
    concat(
      levels.map((level) => level[key]),
      1,
    );
  return { boxes: clipBoxes(join('boxes'), height, width), scores: join('scores'), labels: join('labels') };
}
