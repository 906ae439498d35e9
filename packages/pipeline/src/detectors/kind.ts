import type { DetectionOptions, DetectorConfig } from '@nats/detect';
import { type BackboneConfig, STAGE_NAMES, type StageName, stageStrides } from '@nats/space';
import { z } from 'zod';
import { positive, size, whole } from '../config/sections/fields.js';

/** What a detector is built on. */
export interface DetectorContext {
  readonly backbone: BackboneConfig;
  readonly classes: number;
  /** How its detections are suppressed and limited, for kinds whose last head looks at what is left; default as everywhere. */
  readonly detection?: Required<DetectionOptions>;
}

/** A kind of detector that configs can name: its settings, and how they become a detector's config. */
export interface DetectorKind<S extends z.ZodType> {
  readonly schema: S;
  /** Whether detections have masks. */
  readonly masks?: boolean;
  build(settings: z.output<S>, context: DetectorContext): DetectorConfig;
}

/** Settings of the pyramid, which all kinds have. @param finest the default of `stages`, in words */
export function pyramidSettings(finest: string, extra: 'p6p7' | 'pool') {
  return {
    inputSize: size()
      .default([320, 320])
      .describe('height and width that images are letterboxed to (our choice, for a CPU)'),
    stages: z
      .array(z.enum(STAGE_NAMES))
      .min(1)
      .optional()
      .describe(`stages that the pyramid stands on; default: those of stride ${finest}, or the last one`),
    channels: whole().default(256).describe('of every pyramid level (Lin et al. 2017)'),
    extra: z
      .enum(['p6p7', 'p6', 'pool', 'none'])
      .default(extra)
      .describe('coarser levels on top of the pyramid (Lin et al. 2017)'),
    smoothing: z
      .boolean()
      .default(true)
      .describe('a 3x3 convolution on every level, against the aliasing of enlarging (Lin et al. 2017)'),
  };
}

/** Anchors of one pyramid level. */
export const anchorLevel = z.strictObject({
  sizes: z.array(positive()).min(1).describe('sides of square anchors in pixels'),
  aspectRatios: z.array(positive()).min(1).describe('height over width'),
});

/** Settings that all kinds of one stage share. */
export const commonSettings = {
  ...pyramidSettings('8 and more (the papers)', 'p6p7'),
  headDepth: whole(0).default(4).describe('convolutions before the predictions (Lin et al. 2017)'),
  candidatesPerLevel: whole().default(1000).describe('boxes of each level that go on to suppression (torchvision)'),
};

export type CommonSettings = z.output<z.ZodObject<typeof commonSettings>>;

/** The norm inside a head. */
export const headNorm = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('batch') }),
  z.strictObject({ kind: z.literal('group'), groups: whole() }),
]);

/** What decides which feature maps a detector looks at. */
export type PyramidSettings = Pick<CommonSettings, 'inputSize' | 'channels' | 'extra' | 'smoothing' | 'stages'>;

/**
 * The part of a detector's config that all kinds have, the stride of each pyramid level, and of those of them that are
 * stages.
 * @param finest stages of at least this stride are the default; the last one if there is none
 */
export function pyramidBase(settings: PyramidSettings, { backbone, classes }: DetectorContext, finest: number) {
  const { inputSize, channels, extra, smoothing } = settings;
  const strideOf = stageStrides(backbone);
  const names = [...strideOf.keys()];
  const coarse = names.filter((stage) => strideOf.get(stage)! >= finest);
  const stages: readonly StageName[] = settings.stages ?? (coarse.length > 0 ? coarse : names.slice(-1));
  const ownStrides = stages.map((stage) => strideOf.get(stage) ?? Number.NaN);
  const strides = [...ownStrides];
  const added = { p6p7: 2, p6: 1, pool: 1, none: 0 }[extra];
  for (let i = 0; i < added; i++) strides.push(strides.at(-1)! * 2);
  const pyramid = { channels, extra, ...(!smoothing && { smoothing }) };
  return { base: { backbone, inputSize, classes, stages, pyramid }, strides, stageStrides: ownStrides };
}

/** The same for detectors of one stage. */
export function detectorBase(settings: CommonSettings, context: DetectorContext) {
  const { base, strides } = pyramidBase(settings, context, 8);
  const { headDepth, candidatesPerLevel } = settings;
  return { base: { ...base, headDepth, candidatesPerLevel }, strides };
}
