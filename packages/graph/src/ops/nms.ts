import { check } from '../errors.js';
import { applyAll, defineOp } from '../op.js';
import { formatType, type Tensor, type TensorType } from '../tensor.js';
import type { TensorData } from '../tensor-data.js';
import { reshape } from './reshape.js';

/** Attributes of `nms`. */
export interface NmsAttributes {
  readonly iouThreshold: number;
  /** -Infinity keeps all but NaN and -Infinity itself. */
  readonly scoreThreshold: number;
  readonly maxOutput: number;
}

/** Options of `nms`. */
export interface NmsOptions {
  /** A box is dropped if its intersection over union with a kept one of higher score is above this; 0 to 1. */
  readonly iouThreshold: number;
  /** K: how many boxes are kept at most, and the size of the result. */
  readonly maxOutput: number;
  /** Only boxes with scores above it are considered; default: all. */
  readonly scoreThreshold?: number;
}

function checkInputs(boxes: TensorType, scores: TensorType): void {
  const fits =
    boxes.dtype === 'float32' &&
    scores.dtype === 'float32' &&
    boxes.shape.length === 3 &&
    boxes.shape[2] === 4 &&
    scores.shape.join() === boxes.shape.slice(0, 2).join();
  check(fits, 'shape', () => ({
    rule: 'nms takes float32 boxes [B, N, 4] and scores [B, N], or [N, 4] and [N]',
    received: `${formatType(boxes)} and ${formatType(scores)}`,
  }));
}

/** Intersection over union of boxes at two offsets; NaN for two without area, which is above no threshold. */
function overlap(boxes: ArrayLike<number>, a: number, b: number): number {
  const side = (offset: number, axis: number) => boxes[offset + 2 + axis]! - boxes[offset + axis]!;
  const common = (axis: number) =>
    Math.max(0, Math.min(boxes[a + 2 + axis]!, boxes[b + 2 + axis]!) - Math.max(boxes[a + axis]!, boxes[b + axis]!));
  const intersection = common(0) * common(1);
  return intersection / (side(a, 0) * side(a, 1) + side(b, 0) * side(b, 1) - intersection);
}

/** Greedy suppression of one image's boxes; positions of the kept ones in falling score, of equals the first first. */
function keep(boxes: TensorData, scores: TensorData, image: number, attributes: NmsAttributes): number[] {
  const { iouThreshold, scoreThreshold, maxOutput } = attributes;
  const count = scores.shape[1]!;
  const score = (i: number) => scores.data[image * count + i]!;
  const candidates = Array.from({ length: count }, (_, i) => i)
    .filter((i) => score(i) > scoreThreshold)
    .sort((a, b) => score(b) - score(a) || a - b);
  const kept: number[] = [];
  for (const i of candidates) {
    if (kept.length === maxOutput) break;
    const offset = (j: number) => (image * count + j) * 4;
    if (kept.every((j) => !(overlap(boxes.data, offset(i), offset(j)) > iouThreshold))) kept.push(i);
  }
  return kept;
}

/** The op of `nms`. */
export const nmsOp = defineOp<NmsAttributes, [boxes: Tensor, scores: Tensor], [indices: Tensor, valid: Tensor]>({
  name: 'nms',
  infer: ([boxes, scores], { iouThreshold, scoreThreshold, maxOutput }) => {
    checkInputs(boxes, scores);
    const valid = iouThreshold >= 0 && iouThreshold <= 1 && Number.isInteger(maxOutput) && maxOutput >= 1;
    check(valid && !Number.isNaN(scoreThreshold), 'attribute', () => ({
      rule: 'nms takes an iouThreshold from 0 to 1 and a whole maxOutput of at least 1',
      received: JSON.stringify({ iouThreshold, scoreThreshold, maxOutput }),
    }));
    const shape = [boxes.shape[0]!, maxOutput];
    return [
      { dtype: 'int32', shape },
      { dtype: 'bool', shape },
    ];
  },
  evaluate: ([boxes, scores], attributes) => {
    const images = boxes.shape[0]!;
    const shape = [images, attributes.maxOutput];
    const indices = new Int32Array(images * attributes.maxOutput);
    const valid = new Uint8Array(indices.length);
    for (let image = 0; image < images; image++) {
      for (const [slot, index] of keep(boxes, scores, image, attributes).entries()) {
        indices[image * attributes.maxOutput + slot] = index;
        valid[image * attributes.maxOutput + slot] = 1;
      }
    }
    return [
      { dtype: 'int32', shape, data: indices },
      { dtype: 'bool', shape, data: valid },
    ];
  },
});

/**
 * Non-maximum suppression with a result of fixed size, in torchvision's order: falling scores, of equals the first first.
 * Boxes with a score of -Infinity or NaN are never kept, so that a mask can be put into the scores. No gradient.
 * @param boxes float32 `[N, 4]` or `[B, N, 4]`, each x1, y1, x2, y2 with x1 <= x2 and y1 <= y2 (else undefined)
 * @param scores float32 `[N]` or `[B, N]`
 * @returns `indices` int32 `[K]` or `[B, K]`, positions in N, and `valid` bool of the same shape; indices are 0 where
 * not valid
 */
export function nms(
  boxes: Tensor,
  scores: Tensor,
  options: NmsOptions,
): { readonly indices: Tensor; readonly valid: Tensor } {
  const { iouThreshold, maxOutput, scoreThreshold = Number.NEGATIVE_INFINITY } = options;
  const single = boxes.shape.length === 2 && boxes.shape[0] !== 'N';
  const withImage = (x: Tensor) => (single && scores.shape.length === 1 ? reshape(x, [1, ...x.shape]) : x);
  const attributes = { iouThreshold, scoreThreshold, maxOutput };
  const [indices, valid] = applyAll(nmsOp, [withImage(boxes), withImage(scores)], attributes);
  if (!single) return { indices, valid };
  return { indices: reshape(indices, [maxOutput]), valid: reshape(valid, [maxOutput]) };
}
