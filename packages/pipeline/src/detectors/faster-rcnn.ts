import { fasterRcnnConfig } from '@nats/detect';
import { z } from 'zod';
import type { DetectorKind } from './kind.js';
import { twoStageBase, twoStageSettings } from './two-stage.js';

const schema = z
  .strictObject({ kind: z.literal('faster-rcnn'), ...twoStageSettings })
  .describe('Faster R-CNN (Ren et al. 2015) on a pyramid, two stages');

export const fasterRcnnKind: DetectorKind<typeof schema> = {
  schema,
  build: (settings, context) => fasterRcnnConfig(twoStageBase(settings, context)),
};
