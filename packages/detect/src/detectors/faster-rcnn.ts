import { type Dimension, reshape, type Scope, sliceAxis, softmax, type Tensor } from '@nats/graph';
import { decodeBoxes } from '../boxes/box-coder.js';
import { BOX_HEAD_WEIGHTS, type BoxHeadOutputs, boxHead, boxHeadLoss } from '../heads/box-head.js';
import { selectBoxCandidates } from '../postprocess/box-candidates.js';
import type { Candidates } from '../postprocess/candidates.js';
import type { Proposals } from '../proposals/select-proposals.js';
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

/** A whole Faster R-CNN; `fasterRcnnConfig` fills it in. */
export interface FasterRcnnConfig extends TwoStageBase {
  readonly kind: 'faster-rcnn';
}

/** Options of `fasterRcnnConfig`: what a config must have, and what of it may differ from torchvision's defaults. */
export type FasterRcnnOptions = TwoStageOptions<FasterRcnnConfig>;

/** Faster R-CNN (Ren et al. 2015) on a pyramid (Lin et al. 2017) as torchvision's `fasterrcnn_resnet50_fpn`. */
export function fasterRcnnConfig(options: FasterRcnnOptions): FasterRcnnConfig {
  return { kind: 'faster-rcnn', ...twoStageDefaults(options), ...options };
}

/** From this overlap with an object on a proposal is foreground. */
export const FOREGROUND_IOU = 0.5;

/** Both stages in one program; nothing is differentiated through the proposals. */
export function fasterRcnn(config: FasterRcnnConfig): Detector {
  return {
    ...identityOf(config),
    feeds: samplingFeeds(config),
    loss: (scope, images, targets, options = {}) => {
      const { losses, sampled, ...first } = trainedFirstStage(scope, images, targets, config, options, FOREGROUND_IOU);
      const box = boxHeadLoss(
        boxStage(scope, first, sampled.boxes, config),
        sampled,
        BOX_HEAD_WEIGHTS,
        options.averageFactor,
      );
      return totalLoss({ ...losses, ...box });
    },
    candidates: (scope, images, options = {}) => {
      const first = firstStage(scope, images, config, options);
      const proposals = proposalsOf(first, config.proposals, config);
      return boxCandidates(boxStage(scope, first, proposals.boxes, config), proposals, config);
    },
  };
}

/** The second stage on boxes `[N, K, 4]`: `roi_heads.box_head.…` and `roi_heads.box_predictor.…`. */
export function boxStage(scope: Scope, first: FirstStage, boxes: Tensor, config: TwoStageBase): BoxHeadOutputs {
  const place = scope.child('roi_heads');
  const pooled = poolBoxes(first, boxes, config.boxPool, config);
  const { classes, representationSize } = config;
  return boxHead(place.child('box_head'), place.child('box_predictor'), pooled, {
    classes,
    representationSize,
    boxes: 'of-class',
  });
}

/** Class probabilities and decoded boxes of each proposal, the background left out, as candidates. */
export function boxCandidates(
  { logits, offsets }: BoxHeadOutputs,
  { boxes, valid }: Proposals,
  { classes, maxCandidates, inputSize }: TwoStageBase,
): Candidates {
  const [n, k] = valid.shape as [Dimension, number];
  const scores = sliceAxis(softmax(logits, -1), 2, 1, classes + 1);
  const ofClass = sliceAxis(offsets, 2, 1, classes + 1);
  const decoded = decodeBoxes(ofClass, reshape(boxes, [n, k, 1, 4]), BOX_HEAD_WEIGHTS);
  return selectBoxCandidates(decoded, scores, valid, maxCandidates, inputSize);
}
