import type { Scope, Tensor } from '@nats/graph';
import { type BackboneConfig, buildBackbone, STAGE_NAMES, stageOutput, stageStrides, withLastStage } from '@nats/space';
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
  const backbone = buildBackbone(place.child('body'), images, detectorBackbone(config), options);
  const features = config.stages.map((stage) => stageOutput(backbone, stage).features);
  return featurePyramid(place.child('fpn'), features, config.pyramid);
}

/** `[rows, columns]` of each level. */
export function gridsOf(levels: readonly Tensor[]): [number, number][] {
  return levels.map((x) => [x.shape[2] as number, x.shape[3] as number]);
}

/** Pixels of the input for one of each level: the stages' strides, doubled for every level on top of them. */
export function levelStrides({ backbone, stages }: DetectorBase, levels: readonly Tensor[]): number[] {
  const strideOf = stageStrides(backbone);
  const strides = stages.map((name) => strideOf.get(name)!);
  while (strides.length < levels.length) strides.push(strides.at(-1)! * 2);
  return strides;
}

/** The part of the backbone that a detector builds, searches and pays for: up to the coarsest of its stages. */
export function detectorBackbone({ backbone, stages }: Pick<DetectorBase, 'backbone' | 'stages'>): BackboneConfig {
  return withLastStage(backbone, STAGE_NAMES[Math.max(...stages.map((stage) => STAGE_NAMES.indexOf(stage)))]!);
}
