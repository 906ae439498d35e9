import { z } from 'zod';
import { TWO_STAGE_DEFAULTS, twoStageDefaults } from '../detectors/two-stage.js';
import { positive, whole } from './fields.js';
import { anchorLevel, type DetectorContext, headNorm, pyramidBase, pyramidSettings } from './kind.js';

/** Settings that all kinds of two stages share. */
export const twoStageSettings = {
  ...pyramidSettings('4 and more (torchvision)', 'pool'),
  anchors: z
    .array(anchorLevel)
    .min(1)
    .optional()
    .describe('for each pyramid level, finest first; default: one size of 8 strides, three ratios (torchvision)'),
  rpnDepth: whole().default(TWO_STAGE_DEFAULTS.rpnDepth).describe('convolutions of the proposal network (torchvision)'),
  rpnNorm: headNorm.default({ kind: 'none' }).describe('inside the proposal network (torchvision: none)'),
  rpnSamples: whole().default(256).describe('anchors of an image that the proposal network is trained on'),
  candidatesPerLevel: whole()
    .optional()
    .describe('boxes of each level that proposals are chosen from; default: as many as proposals (torchvision)'),
  trainingProposals: whole().default(2000).describe('proposals of an image in training (torchvision)'),
  proposals: whole().default(1000).describe('proposals of an image afterwards (torchvision)'),
  boxSamples: whole().default(512).describe('proposals of an image that the box head is trained on (torchvision)'),
  boundaries: z
    .array(positive())
    .optional()
    .describe(
      'sides of boxes in pixels from which on they are read from the next coarser stage, one fewer than stages; default: 14 strides (Lin et al. 2017)',
    ),
  representationSize: whole().default(1024).describe("units of the box head's two layers (torchvision)"),
  maxCandidates: whole().default(2000).describe('boxes that go on to suppression'),
};

export type TwoStageSettings = z.output<z.ZodObject<typeof twoStageSettings>>;

/** The part of a detector's options that all kinds of two stages have. */
export function twoStageBase(settings: TwoStageSettings, context: DetectorContext) {
  const base = pyramidBase(settings, context);
  const { anchors, boundaries, rpnDepth, rpnNorm, representationSize, maxCandidates, candidatesPerLevel } = settings;
  const { trainingProposals, proposals, rpnSampler, boxSampler, boxPool } = twoStageDefaults(base);
  const limited = (count: number) => ({ candidatesPerLevel: candidatesPerLevel ?? count, maxProposals: count });
  return {
    ...base,
    ...(anchors && { anchors }),
    ...{ rpnDepth, rpnNorm, representationSize, maxCandidates },
    rpnSampler: { ...rpnSampler, size: settings.rpnSamples },
    trainingProposals: { ...trainingProposals, ...limited(settings.trainingProposals) },
    proposals: { ...proposals, ...limited(settings.proposals) },
    boxSampler: { ...boxSampler, size: settings.boxSamples },
    boxPool: { ...boxPool, ...(boundaries && { boundaries }) },
  };
}
