import { check } from '@nats/graph';
import { type BackboneConfig, type StageName, stageStrides } from '@nats/space';
import type { FeaturePyramidConfig } from '../necks/feature-pyramid.js';
import type { DetectorBase } from './detector.js';

/** Levels that each way of extending a pyramid puts on top of the stages. */
const EXTRA_LEVELS = { p6p7: 2, p6: 1, pool: 1, none: 0 } as const satisfies Record<
  FeaturePyramidConfig['extra'],
  number
>;

/** What of a detector's options its pyramid depends on. */
export type PyramidOptions = Pick<DetectorBase, 'backbone'> & Partial<Pick<DetectorBase, 'stages' | 'pyramid'>>;

/** A pyramid on a backbone, and the strides in pixels that anchors and ranges follow. */
export interface PyramidLevels {
  readonly stages: readonly StageName[];
  readonly pyramid: FeaturePyramidConfig;
  /** Of every level, finest first. */
  readonly strides: readonly number[];
  /** Of those levels that stand on a stage. */
  readonly stageStrides: readonly number[];
}

/**
 * Where a detector looks, from its backbone. Default stages: those of at least the stride `finest`, or the last one of a backbone
 * that has none (8 for detectors of one stage, RetinaNet and FCOS; 4 for two, Lin et al. 2017).
 * @param extra the default of the pyramid's coarser levels
 * @throws NatsError `name` for a stage that the backbone does not have
 */
export function pyramidLevels(
  options: PyramidOptions,
  finest: number,
  extra: FeaturePyramidConfig['extra'],
): PyramidLevels {
  const { backbone, stages = defaultStages(backbone, finest), pyramid = { channels: 256, extra } } = options;
  const strideOf = stageStrides(backbone);
  const ownStrides = stages.map((stage) => {
    const stride = strideOf.get(stage);
    check(stride !== undefined, 'name', () => ({
      rule: `a detector looks at stages of its backbone, and ${backbone.name} has ${[...strideOf.keys()].join(', ')}`,
      received: `'${stage}'`,
      limit: 'leave stages out for those that suit the backbone',
      where: 'stages',
    }));
    return stride;
  });
  const strides = [...ownStrides];
  for (let i = 0; i < EXTRA_LEVELS[pyramid.extra]; i++) strides.push(strides.at(-1)! * 2);
  return { stages, pyramid, strides, stageStrides: ownStrides };
}

function defaultStages(backbone: BackboneConfig, finest: number): readonly StageName[] {
  const strideOf = stageStrides(backbone);
  const names = [...strideOf.keys()];
  const coarse = names.filter((stage) => strideOf.get(stage)! >= finest);
  return coarse.length > 0 ? coarse : names.slice(-1);
}
