import { check, constant, multiply, sigmoid, sqrt } from '@nats/graph';
import { generatePoints } from '../boxes/anchors.js';
import { decodeDistances } from '../boxes/box-coder.js';
import { type FcosHeadConfig, fcosHead, fcosLoss } from '../heads/fcos-head.js';
import type { HeadNorm, PredictionKernel } from '../heads/tower.js';
import { fcosRanges } from '../matching/center-sampling.js';
import { selectCandidates } from '../postprocess/candidates.js';
import { type Detector, type DetectorBase, identityOf, totalLoss } from './detector.js';
import { gridsOf, levelStrides, pyramidFeatures } from './pyramid-features.js';
import { pyramidLevels } from './pyramid-levels.js';

/** A whole FCOS; `fcosConfig` fills it in. */
export interface FcosConfig extends DetectorBase {
  readonly kind: 'fcos';
  /** Per level, finest first: the largest distance to a side that its points answer for, in pixels; null is no limit. */
  readonly ranges: readonly (readonly [number, number | null])[];
  /** Where points stand in their cells: torchvision has them on the top left corner, the paper in the middle. */
  readonly points: 'topLeft' | 'center';
  readonly radius: number;
  readonly headDepth: number;
  readonly headNorm: HeadNorm;
  readonly predictionKernel: PredictionKernel;
  readonly distance: FcosHeadConfig['distance'];
  readonly quality: FcosHeadConfig['quality'];
  readonly candidatesPerLevel: number;
}

/** Options of `fcosConfig`: what a config must have, and what of it may differ from torchvision's defaults. */
export type FcosOptions = Partial<Omit<FcosConfig, 'kind'>> & Pick<FcosConfig, 'backbone' | 'inputSize' | 'classes'>;

/**
 * FCOS (Tian et al. 2019) as torchvision's `fcos_resnet50_fpn`: P3 to P7, group norm, center sampling. Stages and ranges follow the
 * backbone's strides.
 * @throws NatsError `name` for a stage that the backbone does not have
 */
export function fcosConfig(options: FcosOptions): FcosConfig {
  const { stages, pyramid, strides } = pyramidLevels(options, 8, 'p6p7');
  return {
    kind: 'fcos',
    stages,
    pyramid,
    ranges: fcosRanges(strides).map(([low, high]) => [low, Number.isFinite(high) ? high : null]),
    points: 'topLeft',
    radius: 1.5,
    headDepth: 4,
    headNorm: { kind: 'group', groups: 32 },
    predictionKernel: 3,
    distance: 'relu',
    quality: 'centerness',
    candidatesPerLevel: 1000,
    ...options,
  };
}

/** The loss and inference programs of an FCOS. */
export function fcos(config: FcosConfig): Detector {
  const head: FcosHeadConfig = {
    classes: config.classes,
    depth: config.headDepth,
    norm: config.headNorm,
    priorProbability: 0.01,
    distance: config.distance,
    quality: config.quality,
    predictionKernel: config.predictionKernel,
    sampling: {
      radius: config.radius,
      ranges: config.ranges.map(([low, high]) => [low, high ?? Number.POSITIVE_INFINITY]),
    },
  };
  return {
    ...identityOf(config),
    loss: (scope, images, targets, options = {}) => {
      const levels = pyramidFeatures(scope, images, config, options);
      checkRanges(config, levels.length);
      const outputs = fcosHead(scope.child('head'), levels, head);
      const points = generatePoints(config.inputSize, gridsOf(levels), levelStrides(config, levels), config.points);
      return totalLoss({ ...fcosLoss(outputs, points, targets, head, options.averageFactor) });
    },
    candidates: (scope, images, options = {}) => {
      const levels = pyramidFeatures(scope, images, config, options);
      checkRanges(config, levels.length);
      const { classLogits, distances, quality } = fcosHead(scope.child('head'), levels, head);
      const points = generatePoints(config.inputSize, gridsOf(levels), levelStrides(config, levels), config.points);
      const boxes = decodeDistances(distances, constant(points.boxes));
      // The geometric mean of class probability and quality, as torchvision.
      const scores = sqrt(multiply(sigmoid(classLogits), sigmoid(quality)));
      return selectCandidates(boxes, scores, points.counts, config.candidatesPerLevel, config.inputSize);
    },
  };
}

function checkRanges({ ranges }: FcosConfig, levels: number): void {
  const ascend = ranges.every(([low, high]) => low >= 0 && low < (high ?? Number.POSITIVE_INFINITY));
  check(ranges.length >= levels && ascend, 'attribute', () => ({
    rule: 'FCOS has a range of distances for each level of its pyramid, from less to more',
    received: JSON.stringify(ranges),
    limit: `${levels} levels`,
    where: 'ranges',
  }));
}
