import type { DetectorConfig } from '@nats/detect';
import { z } from 'zod';
import { cascadeRcnnKind } from './cascade-rcnn.js';
import { fasterRcnnKind } from './faster-rcnn.js';
import { fcosKind } from './fcos.js';
import type { DetectorContext, DetectorKind } from './kind.js';
import { maskRcnnKind } from './mask-rcnn.js';
import { retinanetKind } from './retinanet.js';

/** All kinds of detectors that a config can name: another one is one more line. */
const KINDS = {
  retinanet: retinanetKind,
  fcos: fcosKind,
  'faster-rcnn': fasterRcnnKind,
  'cascade-rcnn': cascadeRcnnKind,
  'mask-rcnn': maskRcnnKind,
} as const;

export const DETECTOR_KINDS = Object.keys(KINDS) as (keyof typeof KINDS)[];

type Schema = (typeof KINDS)[keyof typeof KINDS]['schema'];

const schemas = Object.values(KINDS).map(({ schema }) => schema) as [Schema, ...Schema[]];

export const detectorSchema = z
  .discriminatedUnion('kind', schemas)
  .prefault({ kind: 'fcos' })
  .describe('what is put on the backbone');

export type DetectorSettings = z.output<typeof detectorSchema>;

/** Whether it gives masks, and so must be trained on them. */
export function givesMasks({ kind }: DetectorSettings): boolean {
  return KINDS[kind].masks ?? false;
}

/** The detector's own config. @throws NatsError for settings that do not fit the backbone */
export function detectorConfigOf(settings: DetectorSettings, context: DetectorContext): DetectorConfig {
  // The settings were parsed by the schema of the kind that they name.
  const kind = KINDS[settings.kind] as DetectorKind<z.ZodType<DetectorSettings>>;
  return kind.build(settings, context);
}
