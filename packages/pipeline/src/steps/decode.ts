import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { detectorConfigOf } from '@nats/detect';
import { type Architecture, averageArchitectures, decodeScheme } from '@nats/search';
import {
  type BackboneConfig,
  checkLatencyTable,
  compareSchemes,
  type LatencyTable,
  latencyTableFromJson,
  predictLatency,
  type Scheme,
  schemeFromJson,
  schemeToJson,
} from '@nats/space';
import { toJson } from '@nats/train';
import type { Config } from '../config/schema.js';
import { expectFile } from '../files/expect-file.js';
import { readText } from '../files/read-text.js';
import { writeAtomic } from '../files/write-atomic.js';
import { UsageError } from '../usage-error.js';
import { VERSION } from '../version.js';

/** A table of `nats latency`. @throws NatsError `malformed` naming file and field; IO errors pass */
export async function readLatencyTable(path: string): Promise<LatencyTable> {
  return latencyTableFromJson(await readText(expectFile(path)), path);
}

/**
 * The latency table that the settings name, if they name one.
 * @throws NatsError if the file is none, or of another backbone, input size or precision of exported files; IO errors pass
 */
export async function latencyTableOf(
  { decode: { latency }, detector, export: { precision } }: Config,
  backbone: BackboneConfig,
): Promise<LatencyTable | undefined> {
  if (latency === undefined) return undefined;
  const table = await readLatencyTable(latency);
  const { inputSize: size } = detectorConfigOf(detector, { backbone, classes: 1 });
  checkLatencyTable(table, { backbone, size, target: { precision } }, latency);
  return table;
}

/**
 * The scheme that a search's architecture stands for, or the mean of several, with where it comes from.
 * @param table of `latencyTableOf`
 * @throws UsageError for a latency budget without a table
 */
export function decode(
  searches: Architecture | readonly Architecture[],
  { decode, seed, data }: Pick<Config, 'decode' | 'seed' | 'data'>,
  table?: LatencyTable,
): Scheme {
  const architecture = 'sites' in searches ? searches : averageArchitectures(searches);
  const { maxLatency, latency, ...options } = decode;
  if (maxLatency !== undefined && !table)
    throw new UsageError(
      `decode.maxLatency is ${maxLatency}, and there is no latency table to keep it by; name one in decode.latency (nats latency measures it)`,
    );
  const budget = maxLatency !== undefined && table ? { budget: { maxLatency, table } } : {};
  // Where the table was is of no use elsewhere.
  const known = latency === undefined ? decode : { ...decode, latency: basename(latency) };
  return decodeScheme(
    architecture,
    { ...options, ...budget },
    {
      tool: { name: '@nats/cli', version: VERSION },
      seed,
      config: toJson({ decode: known, data: data?.format }) as Readonly<Record<string, unknown>>,
    },
  );
}

/** What a table says of a scheme, in words. */
export function predictionText(table: LatencyTable, scheme: Scheme, maxLatency?: number): string {
  const { ratio, milliseconds } = predictLatency(table, scheme);
  const { providers, threads } = table.target;
  const limit = maxLatency === undefined ? '' : `, limit ${maxLatency}`;
  return `latency by the table: ${ratio.toFixed(3)} of the original's (${milliseconds.toFixed(2)} ms of ${table.network} on ${providers.join(' and ')}, ${threads === 1 ? '1 thread' : `${threads} threads`}${limit})`;
}

/** Writes a scheme file. @throws UsageError if there is another scheme in its place, unless it may be replaced */
export async function writeScheme(path: string, scheme: Scheme, replace = false): Promise<void> {
  if (!replace && existsSync(expectFile(path))) {
    const { equal, changedChannels } = compareSchemes(schemeFromJson(await readText(path), path), scheme);
    if (equal) return;
    throw new UsageError(
      `${path} holds another scheme (${changedChannels} channels differ); choose another file with --out, or --replace it`,
    );
  }
  await writeAtomic(path, schemeToJson(scheme));
}
