import { retinanetAnchorLevels, retinanetConfig } from '@nats/detect';
import { z } from 'zod';
import { anchorLevel, commonSettings, type DetectorKind, detectorBase, headNorm } from './kind.js';

const schema = z
  .strictObject({
    kind: z.literal('retinanet'),
    ...commonSettings,
    headNorm: headNorm.default({ kind: 'none' }).describe('inside the head (torchvision: none)'),
    boxLoss: z.enum(['l1', 'smooth-l1', 'giou']).default('l1').describe('torchvision: l1'),
    anchors: z
      .array(anchorLevel)
      .min(1)
      .optional()
      .describe(
        'for each pyramid level, finest first; default: three sizes from 4 strides on, three ratios (Lin et al. 2017); nats inspect data proposes others',
      ),
  })
  .describe('RetinaNet (Lin et al. 2017)');

export const retinanetKind: DetectorKind<typeof schema> = {
  schema,
  build: (settings, context) => {
    const { base, strides } = detectorBase(settings, context);
    const anchors = settings.anchors ?? retinanetAnchorLevels(strides.map((stride) => 4 * stride));
    return retinanetConfig({ ...base, anchors, headNorm: settings.headNorm, boxLoss: settings.boxLoss });
  },
};
