import { join } from 'node:path';
import { type Config, writeJson } from '@nats/pipeline';
import table from '../../demo-latency.json' with { type: 'json' };

/** The table that belongs to the demonstration, which is written beside its runs; not the name that `nats latency` gives. */
export const DEMO_TABLE = 'demo-latency.json';

/**
 * The same config with its latency table where the steps find it. The table is `nats latency`'s of one machine (it names it), not
 * of this one, so that the demonstration finds the same scheme everywhere; latencies that it reports are measured here.
 */
export async function withDemoTable(config: Config, folder: string): Promise<Config> {
  if (config.decode.latency !== DEMO_TABLE) return config;
  const latency = join(folder, DEMO_TABLE);
  await writeJson(latency, table);
  return { ...config, decode: { ...config.decode, latency } };
}
