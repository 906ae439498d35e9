import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NatsError, type StateSpec } from '@nats/graph';
import { checkWeightsScheme, type PixelStatistics, type Scheme } from '@nats/space';
import {
  formatReport,
  isWeightName,
  mapDetectorWeights,
  printable,
  readWeights,
  weightsInFolder,
} from '@nats/transfer';
import type { FetchedWeights, KnownWeights } from '@nats/transfer/download';
import type { WeightSettings } from '../config/sections/backbone.js';
import { expectFile } from '../files/expect-file.js';
import type { Progress } from '../progress.js';
import { isRun, readRun } from '../run/run-directory.js';
import { RUN_FILES } from '../run/run-files.js';
import { UsageError } from '../usage-error.js';
import { BACKBONE_PREFIX } from './backbone.js';
import type { StepContext, Weights } from './context.js';
import { asFirst } from './ranks.js';

/** The weights of a run, or of a model in a folder, stand for their directory. */
function weightsFile(path: string): string {
  if (isRun(path)) return join(path, RUN_FILES.weights);
  return weightsInFolder(path) ?? expectFile(path, 'a run');
}

/** What locating weights asks for. */
export interface LocateOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** `weights.mirror` */
  readonly mirror?: string | undefined;
}

/**
 * The place of a file, a run, or of weights by name, which are downloaded if the cache lacks them.
 * @returns what is known of them, where their name (or the name of their file) is known
 * @throws as `fetchWeights` of @nats/transfer/download
 */
export async function locateWeights(
  text: string,
  { progress, signal, mirror }: LocateOptions,
): Promise<{ path: string; known: KnownWeights | undefined }> {
  // What is not needed for a file on disk is not loaded.
  const { fetchWeights, knownWeights } = await import('@nats/transfer/download');
  if (!isWeightName(text)) {
    const path = weightsFile(text);
    return { path, known: knownWeights(path) };
  }
  const mebi = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const fetched: FetchedWeights = await fetchWeights(text, {
    torchvisionMirror: mirror,
    ...(signal && { signal }),
    onWait: () => progress.line(`${text}: another process downloads it; waiting`),
    onProgress: ({ received, total }) =>
      progress.update(`${text}: ${mebi(received)}${total === undefined ? '' : ` of ${mebi(total)}`}`),
  });
  if (fetched.downloaded) {
    const license = fetched.known === undefined ? '' : `; license: ${fetched.known.license}`;
    progress.line(
      `${text}: ${mebi(fetched.bytes)}, SHA-256 ${fetched.sha256.slice(0, 16)}…, in ${fetched.path}${license}`,
    );
  }
  return { path: fetched.path, known: fetched.known };
}

/**
 * First weights of a detector, by their names in it; none without a file. A file of a whole detector gives all that fits,
 * any other its backbone; a run of nats search gives the whole detector's, as its supernet left them.
 * @param network what known weights are compared with: how pixels are normalized, and the scheme of a network to be trained
 * @throws NatsError if the file's weights do not fit, with what to put into the config; IO errors pass through
 */
export async function pretrainedWeights(
  { file, rules, select, scope, placeholders, mirror }: WeightSettings,
  spec: StateSpec,
  { progress, signal, collective }: Pick<StepContext, 'progress' | 'signal' | 'collective'>,
  { statistics, scheme }: { statistics?: PixelStatistics; scheme?: Scheme | undefined } = {},
): Promise<Weights> {
  if (file === undefined) {
    progress.line(
      'No weights.file: the backbone begins with random weights, at learning rates that are meant for pretrained ones.',
    );
    return new Map();
  }
  if (!isWeightName(file) && isRun(file)) {
    const { kind } = await readRun(file);
    if (kind === 'search') return weightsOfSearch(file, spec);
    if (kind !== 'pretrain') {
      throw new UsageError(
        `first weights come from a file, a run of nats pretrain or a run of nats search; ${file} is one of nats ${kind}`,
      );
    }
  }
  const locate = () => locateWeights(file, { progress, signal, mirror });
  // The first downloads, if need be; then the others find them in the cache.
  const { path, known } = (await asFirst({ collective }, locate)) ?? (await locate());
  try {
    const weights = await readWeights(path, {
      ...(select !== undefined && { select }),
      ...(placeholders && { inertGlobals: placeholders }),
    });
    const mapped = mapDetectorWeights(weights, spec, {
      rules,
      backbonePrefix: BACKBONE_PREFIX,
      ...(scope && { scope }),
      ...(known?.batchNormEpsilon !== undefined && { batchNormEpsilon: known.batchNormEpsilon }),
    });
    progress.line(`Weights of ${printable(file)} (${mapped.scope}): ${formatReport(mapped.report)}`);
    if (known !== undefined && statistics !== undefined) tellPixels(known, statistics, progress);
    tellScheme(weights.metadata, scheme, path, progress);
    return mapped.tensors;
  } catch (error) {
    throw inWordsOfConfig(error, path);
  }
}

/** Weights see what they were trained on only if pixels are normalized as then. */
function tellPixels({ name, mean, deviation }: KnownWeights, used: PixelStatistics, progress: Progress): void {
  const same = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((x, i) => x === b[i]);
  if (same(mean, used.mean) && same(deviation, used.deviation)) return;
  const wanted = JSON.stringify({ mean, deviation });
  progress.line(`Warning: ${name} expects pixels normalized by ${wanted}: set backbone.pixels to it`);
}

/** Weights of a transformed network are no error here: a training can move them into another one. */
function tellScheme(
  metadata: Readonly<Record<string, string>>,
  scheme: Scheme | undefined,
  path: string,
  progress: Progress,
): void {
  try {
    checkWeightsScheme(metadata, scheme, path);
  } catch (error) {
    if (!(error instanceof NatsError) || error.code !== 'state') throw error;
    progress.line(`Warning: ${error.message}`);
  }
}

/** Options of library functions as keys of the config. */
const KEYS: readonly (readonly [RegExp, string])[] = [
  [/\(options\.inertGlobals\)/g, '(weights.placeholders)'],
  [/\(options\.select\)/g, '(weights.select, --select)'],
  // Caps are raised in code alone.
  [/ \(limits\.[\w., ]+\)/g, ''],
  [/scope '(backbone|detector)'/g, 'weights.scope: "$1"'],
  [/rules that settle it: (\{.*\})/g, 'in the config: "weights": {"rules": $1}'],
  [/(?:as in rules:|rules such as) (\{.*\})/g, 'in the config, such as "weights": {"rules": $1}'],
];

/** An error of @nats/transfer that names keys of the config instead of options; any other error as it is. */
export function inWordsOfConfig(error: unknown, path: string): unknown {
  if (!(error instanceof NatsError)) return error;
  const { limit, where } = error.details;
  const details = {
    ...error.details,
    ...(limit !== undefined && { limit: KEYS.reduce((text, [key, word]) => text.replace(key, word), limit) }),
    where: where ?? path,
  };
  return new NatsError(error.code, details, { cause: error });
}

/** Weights that all dilations shared in a search, head included: what it chose goes on from them. */
async function weightsOfSearch(folder: string, spec: StateSpec): Promise<Weights> {
  const path = join(folder, RUN_FILES.weights);
  if (!existsSync(path)) {
    throw new Error(`the search in ${folder} has left no ${RUN_FILES.weights}: start it again to go on to its end`);
  }
  const { tensors } = await readWeights(path);
  for (const [name, { shape }] of spec) {
    const found = tensors.get(name)?.shape;
    if (found?.join() === shape.join()) continue;
    throw new UsageError(
      `the search in ${folder} was for another detector: ${name} is [${shape.join(', ')}] here, ${found ? `[${found.join(', ')}]` : 'missing'} there; use its detector and backbone settings, or other weights`,
    );
  }
  return tensors;
}
