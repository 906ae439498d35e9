import { check, formatShape, type TensorData } from '@nats/graph';
import type { RleMask } from '../masks/rle-mask.js';
import {
  type CandidateValues,
  type DetectionOptions,
  type Detections,
  detectedPlaces,
  detectionsAt,
} from './detections.js';
import { pasteMask } from './paste-mask.js';

/** Detections with the mask of each object. */
export interface MaskedDetections extends Detections {
  readonly masks: readonly RleMask[];
}

/** Values of what Mask R-CNN's inference program returns. */
export interface MaskCandidateValues extends CandidateValues {
  /** float32 `[N, K, side, side]` */
  readonly masks: TensorData;
}

/** Detections whose masks are still inside their boxes. */
export interface UnpastedDetections extends Omit<Detections, 'masks'> {
  /** Of each `[side, side]`, 0 to 1, over the whole box: boxes must not have been cut since. */
  readonly probabilities?: readonly ArrayLike<number>[];
}

/** Threshold, suppression and limit of candidates of any detector, with masks or without. */
export function unpastedDetectionsOf(
  values: CandidateValues & Partial<MaskCandidateValues>,
  options: DetectionOptions = {},
): UnpastedDetections[] {
  return detectedPlaces(values, options).map((places) => ({
    ...detectionsAt(values, places),
    ...(values.masks && { probabilities: masksAt(values.masks, places) }),
  }));
}

/** Masks of `[N, K, side, side]` at positions in `[N * K]`. */
export function masksAt({ shape, data }: TensorData, places: readonly number[]): ArrayLike<number>[] {
  const [side, other] = shape.slice(2);
  check(shape.length === 4 && side === other, 'shape', () => ({
    rule: 'predicted masks are [N, K, side, side]',
    received: formatShape(shape),
  }));
  const size = side! * side!;
  return places.map((at) => data.subarray(at * size, (at + 1) * size));
}

/** Cuts boxes at the border of the image that they are on, and puts masks into it, if there are any. */
export function pastedDetections(
  { boxes, scores, labels, probabilities }: UnpastedDetections,
  { width, height }: { readonly width: number; readonly height: number },
): Detections {
  const inside = (value: number, limit: number) => Math.max(0, Math.min(value, limit));
  return {
    boxes: boxes.map(([x1, y1, x2, y2]) => [
      inside(x1, width),
      inside(y1, height),
      inside(x2, width),
      inside(y2, height),
    ]),
    scores,
    labels,
    ...(probabilities && { masks: probabilities.map((mask, i) => pasteMask(mask, boxes[i]!, height, width)) }),
  };
}

/** Detections of every image of a batch with their masks, both on the network's input `[height, width]`. */
export function maskedDetectionsOf(
  values: MaskCandidateValues,
  [height, width]: readonly [number, number],
  options: DetectionOptions = {},
): MaskedDetections[] {
  return unpastedDetectionsOf(values, options).map((found) => {
    const { masks = [], ...pasted } = pastedDetections(found, { width, height });
    return { ...pasted, masks };
  });
}
