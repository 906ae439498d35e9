import type { Scope, Tensor } from '@nats/graph';
import { buildBackbone, STAGE_NAMES, stageOutput } from '@nats/space';
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

/** Pixels of the input for one of each level: the stages' strides, doubled for every level on top of them. */
export function levelStrides({ backbone, stages }: DetectorBase, levels: readonly Tensor[]): number[] {
  let stride = backbone.stem.stride * (backbone.stem.pool ? 2 : 1);
  const strideOfStage = backbone.stages.map((stage) => {
    stride *= stage.stride;
    return stride;
  });
  const strides = stages.map((name) => strideOfStage[STAGE_NAMES.indexOf(name)]!);
  while (strides.length < levels.length) strides.push(strides.at(-1)! * 2);
  return strides;
}
