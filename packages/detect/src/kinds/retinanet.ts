import { z } from 'zod';
import { type RetinanetConfig, retinanet, retinanetConfig } from '../detectors/retinanet.js';
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

export const retinanetKind: DetectorKind<typeof schema, RetinanetConfig> = {
  schema,
  masks: false,
  config: (settings, context) => {
    const { anchors, headNorm, boxLoss } = settings;
    return retinanetConfig({ ...detectorBase(settings, context), ...(anchors && { anchors }), headNorm, boxLoss });
  },
  build: retinanet,
};
