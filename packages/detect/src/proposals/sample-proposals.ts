import {
  add,
  and,
  concat,
  constant,
  greaterEqual,
  not,
  reshape,
  select,
  sliceAxis,
  stopGradient,
  type Tensor,
  tensorData,
  topK,
} from '@nats/graph';
import { matchByIou } from '../matching/iou-matcher.js';
import { matchedRows, type Targets, validObjects } from '../matching/targets.js';
import { balancedSample, type SamplerConfig } from './balanced-sampler.js';
import { KEY_LIMIT } from './sampling-keys.js';
import type { Proposals } from './select-proposals.js';

/** Boxes that a head of the second stage is trained on, S for each image; foreground in the first places. */
export interface SampledBoxes {
  /** float32 `[B, S, 4]` */
  readonly boxes: Tensor;
  /** int32 `[B, S]`: class of the object that a box answers for; -1 for background and for places that are not taken. */
  readonly labels: Tensor;
  /** float32 `[B, S, 4]`: that object's box; for the others their own. */
  readonly targets: Tensor;
  /** int32 `[B, S]`: the number of that object among the image's; 0 for the others. */
  readonly matched: Tensor;
  /** bool `[B, S]` */
  readonly foreground: Tensor;
  /** bool `[B, S]`: false where an image has no more candidates. */
  readonly valid: Tensor;
}

const ANY_BOX = constant(tensorData('float32', [4], [0, 0, 1, 1]));

/** Assigns boxes to the objects that they overlap by at least `iou`; the rest is background. No sampling. */
export function matchBoxes({ boxes: given, valid }: Proposals, targets: Targets, iou: number): SampledBoxes {
  // Offsets from a box without area are not finite, not even those to itself.
  const boxes = select(reshape(valid, [...valid.shape, 1]), given, ANY_BOX);
  const match = matchByIou(boxes, targets, { foregroundIou: iou, backgroundIou: iou, lowQualityMatches: false });
  const foreground = and(match.foreground, valid);
  const matched = select(foreground, match.matched, 0);
  const place = reshape(foreground, [...foreground.shape, 1]);
  return {
    boxes,
    labels: select(foreground, matchedRows(targets.labels, matched), -1),
    targets: select(place, matchedRows(targets.boxes, matched), boxes),
    matched,
    foreground,
    valid,
  };
}

/**
 * What the box head is trained on: proposals and the objects themselves, assigned by overlap, sampled with a share of
 * foreground (torchvision's select_training_samples).
 * @param keys float32 `[B, K + M]`, see `samplingKeys`
 * @param iou from this overlap on a box is foreground
 */
export function sampleProposals(
  proposals: Proposals,
  targets: Targets,
  keys: Tensor,
  iou: number,
  sampler: SamplerConfig,
): SampledBoxes {
  const candidates = {
    boxes: stopGradient(concat([proposals.boxes, targets.boxes], 1)),
    valid: concat([proposals.valid, validObjects(targets)], 1),
  };
  const all = matchBoxes(candidates, targets, iou);
  const drawn = balancedSample(all.foreground, and(not(all.foreground), all.valid), keys, sampler);
  // Foreground before background: a head that only looks at foreground finds it in the first places.
  const order = select(drawn.foreground, add(keys, KEY_LIMIT), select(drawn.background, keys, -1));
  const { values, indices } = topK(order, Math.min(sampler.size, keys.shape[1] as number));
  const take = (x: Tensor) => matchedRows(x, indices);
  return {
    boxes: take(all.boxes),
    labels: take(all.labels),
    targets: take(all.targets),
    matched: take(all.matched),
    foreground: greaterEqual(values, KEY_LIMIT),
    valid: greaterEqual(values, 0),
  };
}

/** The first `count` places alone. */
export function firstPlaces(sampled: SampledBoxes, count: number): SampledBoxes {
  const first = (x: Tensor) => sliceAxis(x, 1, 0, Math.min(count, x.shape[1] as number));
  return {
    boxes: first(sampled.boxes),
    labels: first(sampled.labels),
    targets: first(sampled.targets),
    matched: first(sampled.matched),
    foreground: first(sampled.foreground),
    valid: first(sampled.valid),
  };
}
