import { constant, sigmoid } from '@nats/graph';
import { type AnchorLevel, generateAnchors, retinanetAnchorLevels } from '../boxes/anchors.js';
import { decodeBoxes } from '../boxes/box-coder.js';
import { type RetinanetHeadConfig, retinanetHead, retinanetLoss } from '../heads/retinanet-head.js';
import type { HeadNorm } from '../heads/tower.js';
import { selectCandidates } from '../postprocess/candidates.js';
import { type Detector, type DetectorBase, identityOf, totalLoss } from './detector.js';
import { gridsOf, pyramidFeatures } from './pyramid-features.js';
import { pyramidLevels } from './pyramid-levels.js';

/** A whole RetinaNet; `retinanetConfig` fills it in. */
export interface RetinanetConfig extends DetectorBase {
  readonly kind: 'retinanet';
  /** One for each level of the pyramid, finest first; the same number of anchors in each. */
  readonly anchors: readonly AnchorLevel[];
  readonly headDepth: number;
  readonly headNorm: HeadNorm;
  readonly boxLoss: RetinanetHeadConfig['boxLoss'];
  /** Candidates that go on from each level; 1000 in torchvision. */
  readonly candidatesPerLevel: number;
}

/** Options of `retinanetConfig`: what a config must have, and what of it may differ from torchvision's defaults. */
export type RetinanetOptions = Partial<Omit<RetinanetConfig, 'kind'>> &
  Pick<RetinanetConfig, 'backbone' | 'inputSize' | 'classes'>;

/**
 * RetinaNet (Lin et al. 2017) as torchvision's `retinanet_resnet50_fpn`: P3 to P7, nine anchors, four convolutions. Stages and anchors
 * (from four strides on) follow the backbone's strides.
 * @throws NatsError `name` for a stage that the backbone does not have
 */
export function retinanetConfig(options: RetinanetOptions): RetinanetConfig {
  const { stages, pyramid, strides } = pyramidLevels(options, 8, 'p6p7');
  return {
    kind: 'retinanet',
    stages,
    pyramid,
    anchors: retinanetAnchorLevels(strides.map((stride) => 4 * stride)),
    headDepth: 4,
    headNorm: { kind: 'none' },
    boxLoss: 'l1',
    candidatesPerLevel: 1000,
    ...options,
  };
}

/** The loss and inference programs of a RetinaNet. */
export function retinanet(config: RetinanetConfig): Detector {
  const first = config.anchors[0]!;
  const head: RetinanetHeadConfig = {
    classes: config.classes,
    anchorsPerLocation: first.sizes.length * first.aspectRatios.length,
    depth: config.headDepth,
    norm: config.headNorm,
    boxLoss: config.boxLoss,
    priorProbability: 0.01,
  };
  return {
    ...identityOf(config),
    loss: (scope, images, targets, options = {}) => {
      const levels = pyramidFeatures(scope, images, config, options);
      const outputs = retinanetHead(scope.child('head'), levels, head);
      const anchors = generateAnchors(config.inputSize, gridsOf(levels), config.anchors);
      return totalLoss({ ...retinanetLoss(outputs, anchors, targets, head) });
    },
    candidates: (scope, images, options = {}) => {
      const levels = pyramidFeatures(scope, images, config, options);
      const { classLogits, boxOffsets } = retinanetHead(scope.child('head'), levels, head);
      const anchors = generateAnchors(config.inputSize, gridsOf(levels), config.anchors);
      const boxes = decodeBoxes(boxOffsets, constant(anchors.boxes));
      return selectCandidates(boxes, sigmoid(classLogits), anchors.counts, config.candidatesPerLevel, config.inputSize);
    },
  };
}
