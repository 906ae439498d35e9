import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Engine } from '@nats/graph';
import { VERSION } from '../version.js';

/** What results and their last bits depend on beside the settings. */
export function environmentOf(engine: Engine | undefined): Record<string, string | number> {
  return {
    nats: VERSION,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    'memory, GiB': Math.round(totalmem() / 2 ** 30),
    ...engine?.fingerprint,
  };
}
