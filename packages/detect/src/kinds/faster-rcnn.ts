import { z } from 'zod';
import { type FasterRcnnConfig, fasterRcnn, fasterRcnnConfig } from '../detectors/faster-rcnn.js';
import type { DetectorKind } from './kind.js';
import { twoStageBase, twoStageSettings } from './two-stage.js';

const schema = z
  .strictObject({ kind: z.literal('faster-rcnn'), ...twoStageSettings })
  .describe('Faster R-CNN (Ren et al. 2015) on a pyramid, two stages');

export const fasterRcnnKind: DetectorKind<typeof schema, FasterRcnnConfig> = {
  schema,
  masks: false,
  config: (settings, context) => fasterRcnnConfig(twoStageBase(settings, context)),
  build: fasterRcnn,
};
