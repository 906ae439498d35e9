import {
  add,
  and,
  check,
  type Dimension,
  multiply,
  reshape,
  type Scope,
  sliceAxis,
  softmax,
  stopGradient,
  type Tensor,
} from '@nats/graph';
import { type CoderWeights, clipBoxes, decodeBoxes } from '../boxes/box-coder.js';
import { type BoxHeadOutputs, boxHead, boxHeadLoss } from '../heads/box-head.js';
import { selectBoxCandidates } from '../postprocess/box-candidates.js';
import { matchBoxes } from '../proposals/sample-proposals.js';
import { largeEnough } from '../proposals/select-proposals.js';
import { type Detector, identityOf, totalLoss } from './detector.js';
import {
  type FirstStage,
  firstStage,
  poolBoxes,
  proposalsOf,
  samplingFeeds,
  type TwoStageBase,
  type TwoStageOptions,
  trainedFirstStage,
  twoStageDefaults,
} from './two-stage.js';

/** One of the box heads that follow each other. */
export interface CascadeStage {
  /** From this overlap with an object on a box is foreground. */
  readonly iou: number;
  /** Of its box coder: later offsets are smaller. */
  readonly weights: CoderWeights;
  readonly lossWeight: number;
}

/** A whole Cascade R-CNN; `cascadeRcnnConfig` fills it in. */
export interface CascadeRcnnConfig extends TwoStageBase {
  readonly kind: 'cascade-rcnn';
  readonly cascade: readonly CascadeStage[];
}

/** Options of `cascadeRcnnConfig`: what a config must have, and what of it may differ from the defaults. */
export type CascadeRcnnOptions = TwoStageOptions<CascadeRcnnConfig>;

/**
 * Cascade R-CNN (Cai and Vasconcelos 2018): three box heads, each trained on the boxes of the one before with a higher
 * overlap asked for. Overlaps and loss weights of the paper's code, one box for all classes. The config of a Faster R-CNN
 * may be its options.
 */
export function cascadeRcnnConfig(options: CascadeRcnnOptions): CascadeRcnnConfig {
  return {
    ...twoStageDefaults(options),
    cascade: [
      { iou: 0.5, weights: [10, 10, 5, 5], lossWeight: 1 },
      { iou: 0.6, weights: [20, 20, 10, 10], lossWeight: 0.5 },
      { iou: 0.7, weights: [30, 30, 15, 15], lossWeight: 0.25 },
    ],
    ...options,
    kind: 'cascade-rcnn',
  };
}

/**
 * All stages in one program. The first head is trained on a sample of proposals and objects; the others on the same
 * boxes as the head before has moved them, assigned anew (Detectron2's reading). Losses are named by their stage:
 * `classification1`, `box1`, ….
 * @throws NatsError `attribute` for a cascade without stages
 */
export function cascadeRcnn(config: CascadeRcnnConfig): Detector {
  const { cascade, inputSize } = config;
  check(cascade.length > 0, 'attribute', () => ({
    rule: 'a cascade has at least one stage',
    received: 'none',
    where: 'cascade',
  }));
  return {
    ...identityOf(config),
    feeds: samplingFeeds(config),
    loss: (scope, images, targets, options = {}) => {
      const trained = trainedFirstStage(scope, images, targets, config, options, cascade[0]!.iou);
      const parts: Record<string, Tensor> = { ...trained.losses };
      let { sampled } = trained;
      for (const [i, { weights, lossWeight }] of cascade.entries()) {
        const outputs = cascadeHead(scope, trained, sampled.boxes, i, config);
        const { classification, box } = boxHeadLoss(outputs, sampled, weights, options.averageFactor, `box${i + 1}`);
        parts[`classification${i + 1}`] = multiply(classification, lossWeight);
        parts[`box${i + 1}`] = multiply(box, lossWeight);
        const next = cascade[i + 1];
        if (!next) break;
        const boxes = moved(outputs, sampled.boxes, weights, inputSize);
        sampled = matchBoxes({ boxes, valid: and(sampled.valid, largeEnough(boxes, 1)) }, targets, next.iou);
      }
      return totalLoss(parts);
    },
    candidates: (scope, images, options = {}) => {
      const first = firstStage(scope, images, config, options);
      let { boxes, valid } = proposalsOf(first, config.proposals, config);
      const probabilities: Tensor[] = [];
      for (const [i, { weights }] of cascade.entries()) {
        const outputs = cascadeHead(scope, first, boxes, i, config);
        probabilities.push(sliceAxis(softmax(outputs.logits, -1), 2, 1, config.classes + 1));
        boxes = moved(outputs, boxes, weights, inputSize);
      }
      // Each head knows its own boxes best: their mean, as Detectron2 and mmdetection take it.
      const scores = multiply(probabilities.reduce(add), 1 / cascade.length);
      const [n, k] = valid.shape as [Dimension, number];
      return selectBoxCandidates(reshape(boxes, [n, k, 1, 4]), scores, valid, config.maxCandidates, inputSize);
    },
  };
}

/** `roi_heads.box_head.I.…` and `roi_heads.box_predictor.I.…`, I from 0. */
function cascadeHead(
  scope: Scope,
  first: FirstStage,
  boxes: Tensor,
  index: number,
  config: CascadeRcnnConfig,
): BoxHeadOutputs {
  const place = scope.child('roi_heads');
  const { classes, representationSize } = config;
  return boxHead(
    place.child('box_head').child(index),
    place.child('box_predictor').child(index),
    poolBoxes(first, boxes, config.boxPool, config),
    { classes, representationSize, boxes: 'of-all' },
  );
}

/** Boxes `[N, K, 4]` where a head puts them, cut at the image's borders; no gradient goes through them. */
function moved(
  { offsets }: BoxHeadOutputs,
  boxes: Tensor,
  weights: CoderWeights,
  [height, width]: readonly [number, number],
): Tensor {
  const decoded = decodeBoxes(stopGradient(reshape(offsets, boxes.shape)), boxes, weights);
  return clipBoxes(decoded, height, width);
}
