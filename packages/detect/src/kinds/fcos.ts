import { z } from 'zod';
import { type FcosConfig, fcos, fcosConfig } from '../detectors/fcos.js';
import { positive } from './fields.js';
import { commonSettings, type DetectorKind, detectorBase, headNorm } from './kind.js';

const schema = z
  .strictObject({
    kind: z.literal('fcos'),
    ...commonSettings,
    headNorm: headNorm.default({ kind: 'group', groups: 32 }).describe('inside the head (torchvision: 32 groups)'),
    predictionKernel: z
      .union([z.literal(3), z.literal(1)])
      .default(3)
      .describe('side of the kernels of the predictions (the paper: 3, YOLOX: 1)'),
    ranges: z
      .array(z.tuple([z.number().min(0), positive().nullable()]))
      .min(1)
      .optional()
      .describe(
        'for each pyramid level, finest first: least and largest distance to a side in pixels, null is no limit; default 4 to 8 strides (Tian et al. 2019)',
      ),
    points: z
      .enum(['topLeft', 'center'])
      .default('center')
      .describe('of a cell (the paper: center, torchvision: topLeft)'),
    radius: positive().default(1.5).describe('of center sampling, in strides'),
    distance: z.enum(['relu', 'exp']).default('exp').describe('how distances become positive (paper: exp)'),
    quality: z.enum(['centerness', 'iou']).default('centerness').describe('what weighs scores (paper: centerness)'),
  })
  .describe('FCOS (Tian et al. 2019), without anchors');

export const fcosKind: DetectorKind<typeof schema, FcosConfig> = {
  schema,
  masks: false,
  config: (settings, context) => {
    const { ranges, headNorm, predictionKernel, points, radius, distance, quality } = settings;
    const base = detectorBase(settings, context);
    return fcosConfig({
      ...base,
      ...(ranges && { ranges }),
      ...{ headNorm, predictionKernel, points, radius, distance, quality },
    });
  },
  build: fcos,
};
