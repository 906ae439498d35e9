import { z } from 'zod';
import { type CascadeRcnnConfig, cascadeRcnn, cascadeRcnnConfig } from '../detectors/cascade-rcnn.js';
import { positive, share } from './fields.js';
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

export const cascadeRcnnKind: DetectorKind<typeof schema, CascadeRcnnConfig> = {
  schema,
  masks: false,
  config: (settings, context) => {
    const { cascade } = settings;
    return cascadeRcnnConfig({ ...twoStageBase(settings, context), ...(cascade && { cascade }) });
  },
  build: cascadeRcnn,
};
