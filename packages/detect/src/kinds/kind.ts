import { type BackboneConfig, STAGE_NAMES } from '@nats/space';
import { z } from 'zod';
import type { Detector, DetectorConfig } from '../detectors/index.js';
import type { DetectionOptions } from '../postprocess/detections.js';
import { positive, size, whole } from './fields.js';

/** What a detector is built on. */
export interface DetectorContext {
  readonly backbone: BackboneConfig;
  readonly classes: number;
  /** How its detections are suppressed and limited, for kinds whose last head looks at what is left; default as everywhere. */
  readonly detection?: Required<DetectionOptions>;
}

/**
 * A kind of detector: the settings by which a config names it, how they become its config, and how that becomes a detector. All that
 * config files, commands, exported files and messages know of it is here.
 */
export interface DetectorKind<S extends z.ZodType, C extends DetectorConfig> {
  readonly schema: S;
  /** Whether detections have masks. */
  readonly masks: boolean;
  /** @throws NatsError for settings that do not fit the backbone */
  config(settings: z.output<S>, context: DetectorContext): C;
  build(config: C): Detector;
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

/** The part of a detector's options that all kinds have; what is not said follows the backbone. */
export function pyramidBase(settings: PyramidSettings, { backbone, classes }: DetectorContext) {
  const { inputSize, channels, extra, smoothing, stages } = settings;
  const pyramid = { channels, extra, ...(!smoothing && { smoothing }) };
  return { backbone, inputSize, classes, pyramid, ...(stages && { stages }) };
}

/** The same for detectors of one stage. */
export function detectorBase(settings: CommonSettings, context: DetectorContext) {
  const { headDepth, candidatesPerLevel } = settings;
  return { ...pyramidBase(settings, context), headDepth, candidatesPerLevel };
}
