import { cascadeRcnnConfig } from '@nats/detect';
import { z } from 'zod';
import { positive, share } from '../config/sections/fields.js';
import type { DetectorKind } from './kind.js';
import { twoStageBase, twoStageSettings } from './two-stage.js';

const schema = z
  .strictObject({
    kind: z.literal('cascade-rcnn'),
    ...twoStageSettings,
    cascade: z
      .array(
        z.strictObject({
          iou: share().describe('overlap with an object from which on a box is foreground'),
          weights: z
            .tuple([positive(), positive(), positive(), positive()])
            .describe('of the box coder: later offsets are smaller'),
          lossWeight: positive(),
        }),
      )
      .min(1)
      .optional()
      .describe('box heads that follow each other; default: three, for overlaps of 0.5, 0.6 and 0.7 (the paper)'),
  })
  .describe('Cascade R-CNN (Cai and Vasconcelos 2018): Faster R-CNN with box heads one after another');

export const cascadeRcnnKind: DetectorKind<typeof schema> = {
  schema,
  build: (settings, context) =>
    cascadeRcnnConfig({
      ...twoStageBase(settings, context),
      ...(settings.cascade && { cascade: settings.cascade }),
    }),
};
