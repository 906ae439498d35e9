import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_FILE } from './config/schema.js';
import { commandOf } from './run/command-line-of.js';
import { readCommands } from './run/command-log.js';
import { isRun, readRun } from './run/run-directory.js';
import { RUN_FILES } from './run/run-files.js';
import type { TaskState } from './sweep/task-state.js';

/** A command as a shell takes it: names with spaces are quoted. Words in capitals stand for what the reader has. */
const nats = (...words: readonly string[]) => commandOf(words);

const configFlag = (config: string | undefined) =>
  config === undefined || config === CONFIG_FILE ? [] : ['--config', config];

const detectOn = (model: string) => nats('detect', model, 'IMAGES', '--out', 'pictures');

/** What usually comes after each command: what to type, with the names that it was given. */
export const NEXT = {
  doctor: () => `${nats('demo', '--quick')} to see it work, ${nats('init')} for your own data`,
  demo: () => `${nats('init')} for your own data; ${nats('inspect', 'data', '--help')} says how it is named`,
  init: (config: string) => nats('inspect', 'data', ...configFlag(config)),
  /** @param flags `--format` and what goes with it; empty where a config says it */
  inspectData: (flags: readonly string[], config?: string) =>
    flags.length > 0
      ? nats('init', ...flags)
      : `${nats('search', ...configFlag(config))}, and ${nats('train', ...configFlag(config))} for the original`,
  inspectWeights: async (path: string): Promise<string> =>
    isRun(path) ? nextOfRun(path) : nats('init', '--weights', path, '--format', 'FORMAT'),
  inspectScheme: (path: string) => nats('train', '--scheme', path),
  /** Two schemes that were compared. */
  inspectSchemes: (path: string, other: string) =>
    [path, other].every((run) => existsSync(join(run, RUN_FILES.architecture)))
      ? `${nats('decode', path, '--average', other, '--out', 'average.json')} for a scheme of both`
      : nats('train', '--scheme', path),
  /** @param isDetector whether `nats export` wrote the file */
  inspectModel: (path: string, isDetector: boolean) => (isDetector ? detectOn(path) : nats('inspect', 'weights', path)),
  inspectRun: nextOfRun,
  weightsList: () => nats('weights', 'fetch', 'NAME'),
  /** Weights that are in the cache, by name. */
  weights: (name: string) => nats('init', '--weights', name, '--format', 'FORMAT'),
  weightsPath: (name: string | undefined, path: string) => {
    if (name === undefined) return nats('weights', 'list');
    return existsSync(path) ? NEXT.weights(name) : nats('weights', 'fetch', name);
  },
  weightsVerify: () => nats('weights', 'list'),
  pretrain: (run: string) => nats('search', '--weights', run),
  search: (run: string) => nats('train', '--scheme', run),
  latency: (table: string) => nats('decode', 'RUN', '--max-latency', '1.05', '--latency', table),
  decode: (scheme: string) => nats('train', '--scheme', scheme),
  train: (run: string, isEvaluated: boolean) => nats(isEvaluated ? 'export' : 'evaluate', run),
  /** @param target a run or a model; undefined for two files */
  evaluate: (target: string | undefined) => {
    if (target === undefined)
      return `${nats('evaluate', 'RUN')} does the same for a run, ${nats('report', 'RUN')} shows it`;
    if (!isRun(target)) return nats('bench', target);
    return existsSync(join(target, RUN_FILES.model)) ? nats('report', target) : nats('export', target);
  },
  export: (run: string, model?: string) => nats('verify', run, ...(model === undefined ? [] : ['--model', model])),
  verify: detectOn,
  bench: (models: readonly string[]) =>
    models.every(isRun) ? nats('report', ...models, '--out', RUN_FILES.report) : detectOn(models[0]!),
  /** @param pictures where they are, if there are any */
  detect: (model: string, pictures: string | undefined) =>
    pictures === undefined
      ? `--out pictures draws what was found, --min-score decides what counts`
      : `look at the pictures in ${pictures}; ${nats('bench', model)} measures how fast it is`,
  report: (page: string) => `open ${page} in a browser`,
  watch: () => 'open this address in a browser of this machine; Ctrl-C ends it',
  sweepRun: (file: string, isSubmitted: boolean) => nats('sweep', isSubmitted ? 'status' : 'collect', file),
  sweepStatus: (file: string, states: readonly TaskState[]) => {
    if (states.includes('failed')) return nats('sweep', 'resume', file);
    if (states.every((state) => state === 'done')) return nats('sweep', 'collect', file);
    return nats('sweep', states.includes('running') ? 'status' : 'run', file);
  },
  /** @param page undefined without one */
  sweepCollect: (folder: string, page: string | undefined) =>
    page === undefined ? `look at ${join(folder, 'results.md')}` : `open ${page} in a browser`,
} as const;

/** Of a run as far as it is. */
async function nextOfRun(folder: string): Promise<string> {
  const { kind } = await readRun(folder);
  const has = (name: string) => existsSync(join(folder, name));
  const result = {
    search: RUN_FILES.scheme,
    demo: RUN_FILES.report,
    pretrain: RUN_FILES.weights,
    train: RUN_FILES.weights,
  };
  if (!has(result[kind])) {
    const begun = (await readCommands(folder))[0];
    return `${begun?.command ?? nats(kind, '--out', folder)} goes on with it`;
  }
  if (kind === 'demo') return NEXT.report(join(folder, RUN_FILES.report));
  if (kind === 'pretrain') return NEXT.pretrain(folder);
  if (kind === 'search') return NEXT.search(folder);
  if (!has(RUN_FILES.evaluation)) return NEXT.train(folder, false);
  if (!has(RUN_FILES.model)) return NEXT.train(folder, true);
  return has(RUN_FILES.verification) ? NEXT.verify(folder) : NEXT.export(folder);
}
