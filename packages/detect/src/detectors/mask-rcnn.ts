import { check, input, type Scope, sigmoid, type Tensor } from '@nats/graph';
import { BOX_HEAD_WEIGHTS, boxHeadLoss } from '../heads/box-head.js';
import { maskHead, maskLoss, maskOfClass } from '../heads/mask-head.js';
import type { Candidates } from '../postprocess/candidates.js';
import type { DetectionOptions } from '../postprocess/detections.js';
import { suppress } from '../postprocess/suppress.js';
import type { RoiPoolConfig } from '../proposals/roi-pool.js';
import { firstPlaces } from '../proposals/sample-proposals.js';
import { type Detector, type DetectorOptions, identityOf, totalLoss } from './detector.js';
import { boxCandidates, boxStage, FOREGROUND_IOU } from './faster-rcnn.js';
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

/** A whole Mask R-CNN; `maskRcnnConfig` fills it in. */
export interface MaskRcnnConfig extends TwoStageBase {
  readonly kind: 'mask-rcnn';
  readonly maskPool: RoiPoolConfig;
  readonly maskChannels: number;
  /** 3x3 convolutions of the mask head. */
  readonly maskDepth: number;
  /** Suppression before the mask head, which looks at what is left. */
  readonly detection: Required<DetectionOptions>;
}

/** Options of `maskRcnnConfig`: what a config must have, and what of it may differ from torchvision's defaults. */
export type MaskRcnnOptions = TwoStageOptions<MaskRcnnConfig>;

/**
 * Mask R-CNN (He et al. 2017) as torchvision's `maskrcnn_resnet50_fpn`. The config of a Faster R-CNN may be its options.
 */
export function maskRcnnConfig(options: MaskRcnnOptions): MaskRcnnConfig {
  const defaults = twoStageDefaults(options);
  return {
    ...defaults,
    maskPool: { ...defaults.boxPool, size: 14 },
    maskChannels: 256,
    maskDepth: 4,
    detection: { scoreThreshold: 0.05, iouThreshold: 0.5, maxDetections: 100 },
    ...options,
    kind: 'mask-rcnn',
  };
}

/** Candidates after suppression, with masks. */
export interface MaskCandidates extends Candidates {
  /** float32 `[N, K, side, side]`, 0 to 1: the mask of each candidate's class inside its box. See `maskedDetectionsOf`. */
  readonly masks: Tensor;
}

export interface MaskDetector extends Detector {
  readonly masks: true;
  /** `detection.limit` candidates an image, in falling order, with masks; the batch of `images` may be 'N'. */
  candidates(scope: Scope, images: Tensor, options?: DetectorOptions): MaskCandidates;
}

/**
 * Faster R-CNN with a third head. Its loss declares one more input, `masks` bool `[B, M, H, W]`: every object's pixels in
 * the network's input (`maskFeeds`).
 */
export function maskRcnn(config: MaskRcnnConfig): MaskDetector {
  const places = Math.floor(config.boxSampler.size * config.boxSampler.foregroundShare);
  check(places > 0, 'attribute', () => ({
    rule: 'masks are trained on foreground boxes: a sample has places for some',
    received: JSON.stringify(config.boxSampler),
    where: 'boxSampler',
  }));
  return {
    ...identityOf(config),
    masks: true,
    feeds: samplingFeeds(config),
    loss: (scope, images, targets, options = {}) => {
      const { losses, sampled, ...first } = trainedFirstStage(scope, images, targets, config, options, FOREGROUND_IOU);
      const box = boxHeadLoss(
        boxStage(scope, first, sampled.boxes, config),
        sampled,
        BOX_HEAD_WEIGHTS,
        options.averageFactor,
      );
      const [batch, objects] = targets.labels.shape as [number, number];
      const masks = input('masks', 'bool', [batch, objects, ...config.inputSize]);
      // Foreground stands in the first places.
      const foreground = firstPlaces(sampled, places);
      const mask = maskLoss(
        maskLogits(scope, first, foreground.boxes, config),
        masks,
        foreground,
        options.averageFactor,
      );
      return totalLoss({ ...losses, ...box, mask });
    },
    candidates: (scope, images, options = {}) => {
      const first = firstStage(scope, images, config, options);
      const proposals = proposalsOf(first, config.proposals, config);
      const candidates = boxCandidates(boxStage(scope, first, proposals.boxes, config), proposals, config);
      const found = suppress(candidates, config.detection, config.inputSize);
      const logits = maskLogits(scope, first, found.boxes, config);
      return { ...found, masks: sigmoid(maskOfClass(logits, found.labels)) };
    },
  };
}

/** `roi_heads.mask_head.…` and `roi_heads.mask_predictor.…` on boxes `[B, K, 4]`. */
function maskLogits(scope: Scope, first: FirstStage, boxes: Tensor, config: MaskRcnnConfig): Tensor {
  const place = scope.child('roi_heads');
  const pooled = poolBoxes(first, boxes, config.maskPool, config);
  const { classes, maskChannels: channels, maskDepth: depth } = config;
  return maskHead(place.child('mask_head'), place.child('mask_predictor'), pooled, { classes, channels, depth });
}
