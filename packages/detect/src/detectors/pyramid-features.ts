import type { Scope, Tensor } from '@nats/graph';
import { buildBackbone, stageOutput } from '@nats/space';
import { featurePyramid } from '../necks/feature-pyramid.js';
import type { DetectorBase, DetectorOptions } from './detector.js';

/** Backbone and pyramid, named `backbone.body` and `backbone.fpn` as in torchvision: levels, finest first. */
export function pyramidFeatures(
  scope: Scope,
  images: Tensor,
  config: DetectorBase,
  options: DetectorOptions,
): Tensor[] {
  const place = scope.child('backbone');
  const backbone = buildBackbone(place.child('body'), images, config.backbone, options);
  const features = config.stages.map((stage) => stageOutput(backbone, stage).features);
  return featurePyramid(place.child('fpn'), features, config.pyramid);
}

/** `[rows, columns]` of each level. */
export function gridsOf(levels: readonly Tensor[]): [number, number][] {
  return levels.map((x) => [x.shape[2] as number, x.shape[3] as number]);
}
