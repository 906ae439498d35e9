import { malformed, NatsError } from '@nats/graph';
import { parseJson } from '@nats/graph/schema';
import { readGenotypes } from '../read-genotypes.js';
import { Reader } from '../reader.js';
import { createScheme, MAX_CHANNELS, MAX_CONVOLUTIONS, type Provenance, runsOf, type Scheme } from './scheme.js';

const SCHEME_FORMAT = 'nats-scheme';
const SCHEME_VERSION = 1;
/** Characters of a scheme file: ResNet-152 in runs of one channel has about 0.3 million. */
export const MAX_SCHEME_TEXT = 16_000_000;

/**
 * A scheme as a JSON file, one convolution on a line, channels as runs `[genotype index, channels]`:
 * `{"format": "nats-scheme", "version": 1, "backbone": …, "provenance": …, "genotypes": [[1, 1], …],
 * "convolutions": [{"name": "layer1.0.conv2", "runs": [[0, 48], [1, 16]]}, …]}`.
 */
export function schemeToJson(scheme: Scheme): string {
  const fields = {
    format: SCHEME_FORMAT,
    version: SCHEME_VERSION,
    backbone: scheme.backbone,
    provenance: scheme.provenance,
    genotypes: scheme.genotypes,
  };
  const lines = Object.entries(fields).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  const convolutions = [...scheme.convolutions].map(
    ([name, choice]) => `    ${JSON.stringify({ name, runs: runsOf(choice) })}`,
  );
  const list = convolutions.length === 0 ? '[]' : `[\n${convolutions.join(',\n')}\n  ]`;
  return `{\n${lines.join(',\n')},\n  "convolutions": ${list}\n}\n`;
}

/**
 * Reads what `schemeToJson` wrote. Whether it fits a network is `checkSchemeFits`'s question.
 * @param file name for messages
 * @throws NatsError `malformed` naming the file and the field
 */
export function schemeFromJson(text: string, file = 'scheme'): Scheme {
  const root = new Reader(parseJson(text, file, MAX_SCHEME_TEXT), file, '');
  root.only(['format', 'version', 'backbone', 'provenance', 'genotypes', 'convolutions']);
  const format = root.field('format').string();
  if (format !== SCHEME_FORMAT) throw root.field('format').fails(`'${SCHEME_FORMAT}'`, `'${format}'`);
  const version = root.field('version').integer(1, Number.MAX_SAFE_INTEGER);
  if (version !== SCHEME_VERSION) {
    throw root.field('version').fails(`version ${SCHEME_VERSION}`, `${version}`, 'a newer version of @nats/space');
  }
  const genotypes = readGenotypes(root.field('genotypes'));
  const convolutions = root
    .field('convolutions')
    .list(MAX_CONVOLUTIONS)
    .map((entry) => readConvolution(entry, genotypes.length));
  const backbone = root.field('backbone').string();
  const provenance = readProvenance(root.field('provenance'));
  try {
    return createScheme({ backbone, genotypes, convolutions, provenance });
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
    const { where = '', ...details } = error.details;
    throw malformed(file, where, details);
  }
}

function readConvolution(entry: Reader, genotypes: number): [string, Int32Array] {
  entry.only(['name', 'runs']);
  const runs = entry
    .field('runs')
    .list(MAX_CHANNELS)
    .map((run) => {
      const [index, count] = run.tuple(2);
      return [index!.integer(0, genotypes - 1), count!.integer(1, MAX_CHANNELS)] as const;
    });
  const channels = runs.reduce((sum, [, count]) => sum + count, 0);
  if (channels > MAX_CHANNELS) {
    throw entry.field('runs').fails('runs of a plausible number of channels', `${channels}`, `${MAX_CHANNELS}`);
  }
  const choice = new Int32Array(channels);
  let start = 0;
  for (const [index, count] of runs) {
    choice.fill(index, start, start + count);
    start += count;
  }
  return [entry.field('name').string(), choice];
}

function readProvenance(entry: Reader): Provenance {
  entry.only(['tool', 'method', 'seed', 'config', 'dataset', 'created', 'note']);
  const tool = entry.field('tool');
  tool.only(['name', 'version']);
  const text = (key: string) => (entry.has(key) ? { [key]: entry.field(key).string() } : {});
  return {
    tool: { name: tool.field('name').string(), version: tool.field('version').string() },
    ...text('method'),
    ...(entry.has('seed') && { seed: entry.field('seed').integer(Number.MIN_SAFE_INTEGER) }),
    ...(entry.has('config') && { config: entry.field('config').record() }),
    ...(entry.has('dataset') && { dataset: readDataset(entry.field('dataset')) }),
    ...text('created'),
    ...text('note'),
  };
}

function readDataset(entry: Reader): { name: string; fingerprint: string } {
  entry.only(['name', 'fingerprint']);
  return { name: entry.field('name').string(), fingerprint: entry.field('fingerprint').string() };
}
