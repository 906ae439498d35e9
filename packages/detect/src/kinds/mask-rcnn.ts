import { z } from 'zod';
import { type MaskRcnnConfig, maskRcnn, maskRcnnConfig } from '../detectors/mask-rcnn.js';
import { whole } from './fields.js';
import type { DetectorKind } from './kind.js';
import { twoStageBase, twoStageSettings } from './two-stage.js';

const schema = z
  .strictObject({
    kind: z.literal('mask-rcnn'),
    ...twoStageSettings,
    maskSize: whole()
      .default(14)
      .describe('side of what is pooled for a mask, which has twice as many pixels (the paper)'),
    maskChannels: whole().default(256).describe('of the layers of the mask head (the paper)'),
    maskDepth: whole(0).default(4).describe('convolutions of the mask head (the paper)'),
  })
  .describe('Mask R-CNN (He et al. 2017): Faster R-CNN with a mask for each object; data has masks (COCO)');

export const maskRcnnKind: DetectorKind<typeof schema, MaskRcnnConfig> = {
  schema,
  masks: true,
  config: (settings, context) => {
    const base = twoStageBase(settings, context);
    const { maskSize, maskChannels, maskDepth } = settings;
    return maskRcnnConfig({
      ...base,
      ...{ maskChannels, maskDepth },
      maskPool: { ...base.boxPool, size: maskSize },
      // The mask head looks at what suppression leaves: what is evaluated and exported is suppressed alike.
      ...(context.detection && { detection: context.detection }),
    });
  },
  build: maskRcnn,
};
