import { ONNX_DATA_TYPE, type OnnxBuilder } from '@nats/export';
import type { DetectionThresholds } from './convention.js';

/** Names of values: float32 `[N, K, 4]`, float32 `[N, K]`, int32 `[N, K]`. */
export interface CandidateNames {
  readonly boxes: string;
  readonly scores: string;
  readonly labels: string;
  /** float32 `[N, K, side, side]`, from a detector that has them. */
  readonly masks?: string;
}

/** Names of values, falling scores first, `maxDetections` of each image; those that are not valid hold anything. */
export interface SuppressedNames extends CandidateNames {
  /** bool `[N, maxDetections]`. */
  readonly valid: string;
}

/** What the scores of suppressed boxes become: less than every score that is above a threshold. */
const DROPPED = -1;

/**
 * Writes class-wise greedy suppression for any batch: NonMaxSuppression has a class axis, along which a box's score stands
 * at its own class alone. What it selects keeps its score, everything else gets -1, and the best of an image are its
 * detections: in falling order of score and, as both ops break ties by position, of equal scores the first first.
 * @param maxDetections at most the number of candidates
 */
export function lowerSuppression(
  builder: OnnxBuilder,
  { boxes, scores, labels, masks }: CandidateNames,
  { scoreThreshold, iouThreshold, maxDetections }: DetectionThresholds,
  classes: number,
): SuppressedNames {
  const axis = (x: string, position: number) => builder.node('Unsqueeze', [x, builder.int64([position])]);
  const names = Int32Array.from({ length: classes }, (_, label) => label);
  const ofClass = builder.node('Equal', [
    axis(labels, 1),
    builder.constant({ dtype: 'int32', shape: [1, classes, 1], data: names }),
  ]);
  const byClass = builder.node('Where', [ofClass, axis(scores, 1), builder.float(DROPPED)]);
  // ONNX asks for y1, x1, y2, x2, but the overlap of boxes does not change when all axes are swapped.
  const selected = builder.node('NonMaxSuppression', [
    boxes,
    byClass,
    builder.int64([maxDetections], []),
    builder.float(iouThreshold),
    builder.float(floatAtMost(scoreThreshold)),
  ]);
  // Rows of image, class, box.
  const places = builder.node('Gather', [selected, builder.int64([0, 2])], { axis: 1 });
  const dropped = builder.node('Expand', [builder.float(DROPPED), builder.node('Shape', [scores])]);
  const kept = builder.node('ScatterND', [dropped, places, builder.node('GatherND', [scores, places])]);
  const [best, index] = [builder.fresh('bestScores'), builder.fresh('bestIndices')];
  builder.node('TopK', [kept, builder.int64([maxDetections])], { axis: -1, largest: 1, sorted: 1 }, [best, index]);
  const take = (x: string) => builder.node('GatherND', [x, axis(index, 2)], { batch_dims: 1 });
  return {
    boxes: take(boxes),
    ...(masks !== undefined && { masks: take(masks) }),
    scores: best,
    labels: builder.node('GatherElements', [labels, index], { axis: 1 }),
    valid: builder.node('GreaterOrEqual', [best, builder.float(0)]),
  };
}

/**
 * Writes `[N, maxDetections, 6]` and `[N, maxDetections]` under the given names: rows of x1, y1, x2, y2, score, label; five zeros and -1
 * where not valid. Masks, if there are any, are zeros there.
 */
export function lowerDetections(
  builder: OnnxBuilder,
  { boxes, scores, labels, valid, masks }: SuppressedNames,
  outputs: { readonly detections: string; readonly valid: string; readonly masks: string },
): void {
  const column = (x: string) => builder.node('Unsqueeze', [x, builder.int64([2])]);
  const label = builder.node('Cast', [labels], { to: ONNX_DATA_TYPE.float32 });
  const rows = builder.node('Concat', [boxes, column(scores), column(label)], { axis: 2 });
  const none = builder.constant({ dtype: 'float32', shape: [1, 1, 6], data: Float32Array.of(0, 0, 0, 0, 0, -1) });
  builder.node('Where', [column(valid), rows, none], {}, [outputs.detections]);
  builder.node('Identity', [valid], {}, [outputs.valid]);
  if (masks === undefined) return;
  const ofMask = builder.node('Unsqueeze', [valid, builder.int64([2, 3])]);
  builder.node('Where', [ofMask, masks, builder.float(0)], {}, [outputs.masks]);
}

/** The largest float32 that is not above a number: what float32 scores exceed if and only if they exceed the number. */
function floatAtMost(value: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  // Positive floats are ordered as their bits are.
  if (bits.getFloat32(0) > value) bits.setUint32(0, bits.getUint32(0) - 1);
  return bits.getFloat32(0);
}
