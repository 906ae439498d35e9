import type { Engine } from '@nats/graph';
import { type EffectiveReceptiveField, effectiveReceptiveFields, type StageName } from '@nats/space';
import { BACKBONE } from './backbone.js';
import { networkInput, recordImage } from './network-input.js';
import type { TrainedRun } from './open-run.js';
import { sampledRecords } from './report-samples.js';

/**
 * Effective receptive fields of a trained backbone, by stage, on the images that a report shows, as the detector sees them.
 * None without images.
 */
export async function receptiveFields(
  engine: Engine,
  { task, scheme, weights }: Pick<TrainedRun, 'task' | 'scheme' | 'weights'>,
): Promise<Map<StageName, EffectiveReceptiveField>> {
  const images = await Promise.all(
    sampledRecords(task.val).map((record) => recordImage(record, task.detector.inputChannels)),
  );
  if (images.length === 0) return new Map();
  return effectiveReceptiveFields(engine, task.backbone, {
    values: weights,
    prefix: BACKBONE,
    images: networkInput(task)(images),
    ...(scheme && { scheme }),
  });
}
