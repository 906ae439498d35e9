import { NatsError } from '@nats/graph';
import { z } from 'zod';
import type { Detector, DetectorConfig } from '../detectors/index.js';
import { cascadeRcnnKind } from './cascade-rcnn.js';
import { fasterRcnnKind } from './faster-rcnn.js';
import { fcosKind } from './fcos.js';
import type { DetectorContext, DetectorKind } from './kind.js';
import { maskRcnnKind } from './mask-rcnn.js';
import { retinanetKind } from './retinanet.js';

export type { DetectorContext, DetectorKind } from './kind.js';

/** All detectors: another one is a head, a file in `detectors/`, a file here with its settings, and a line. */
export const DETECTORS = {
  retinanet: retinanetKind,
  fcos: fcosKind,
  'faster-rcnn': fasterRcnnKind,
  'cascade-rcnn': cascadeRcnnKind,
  'mask-rcnn': maskRcnnKind,
} as const;

export type DetectorKindName = keyof typeof DETECTORS;

/** Names of all kinds, as configs and messages have them. */
export const DETECTOR_KINDS = Object.keys(DETECTORS) as DetectorKindName[];

type Schema = (typeof DETECTORS)[DetectorKindName]['schema'];

const schemas = Object.values(DETECTORS).map(({ schema }) => schema) as [Schema, ...Schema[]];

/** Settings of a detector as config files have them, told apart by `kind`; FCOS without any. */
export const detectorSchema = z
  .discriminatedUnion('kind', schemas)
  .prefault({ kind: 'fcos' })
  .describe('what is put on the backbone');

/** Settings with all defaults filled in. */
export type DetectorSettings = z.output<typeof detectorSchema>;

/** Whether a detector of these settings gives masks, and so must be trained on them. */
export function givesMasks({ kind }: Pick<DetectorSettings, 'kind'>): boolean {
  return DETECTORS[kind].masks;
}

/**
 * A detector's config from settings: stages, strides, ranges, anchors and boundaries that are not said follow the backbone.
 * @throws NatsError for settings that do not fit the backbone
 */
export function detectorConfigOf(settings: DetectorSettings, context: DetectorContext): DetectorConfig {
  return kindOf(settings.kind).config(settings, context);
}

/**
 * The detector of a config, of any kind in the registry.
 * @throws NatsError `attribute` for a kind that is not known, and what its parts throw where they do not fit each
 * other
 */
export function buildDetector(config: DetectorConfig): Detector {
  return kindOf(config.kind).build(config);
}

/** The settings or config of a kind was parsed by its schema or made by its function: they belong together by `kind`. */
function kindOf(kind: DetectorKindName): DetectorKind<z.ZodType<DetectorSettings>, DetectorConfig> {
  if (!Object.hasOwn(DETECTORS, kind)) {
    throw new NatsError('attribute', {
      rule: "a detector's kind is one that is known",
      received: JSON.stringify(kind) ?? 'nothing',
      limit: DETECTOR_KINDS.join(', '),
      where: 'kind',
    });
  }
  return DETECTORS[kind] as unknown as DetectorKind<z.ZodType<DetectorSettings>, DetectorConfig>;
}
