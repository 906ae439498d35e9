import {
  CONFIG_FILE,
  type Config,
  commandOf,
  ENGINES,
  type FlagNames,
  loadConfig,
  MODEL_ENGINES,
  nearest,
  type Overrides,
  openEngine,
  parseAssignment,
  type StepContext,
  withInterruption,
} from '@nats/pipeline';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isOutputClosed } from '../output.js';
import { streamProgress } from '../progress.js';

/** What every command that has a config takes, to be added after its own flags: help shows them in this order. */
export interface ConfigFlags {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly threads?: number;
  readonly engine?: string;
}

export function addConfigFlags(command: Command): Command {
  return addEngineFlag(command.optionsGroup('Settings:'))
    .option('--config <file>', `settings (default: ${CONFIG_FILE}, if there is one; nats init writes one)`)
    .option(
      '--set <key=value>',
      'a setting that overrides the config file, such as train.learningRate=0.01; repeatable',
      collected,
    )
    .option('--seed <number>', 'overrides that of the config file', wholeNumber)
    .option('--threads <number>', 'intra-op threads; overrides engine.threads', countingNumber);
}

/** No server is asked for weights by name: they are in the cache already. */
export function offlineOption(): Option {
  return new Option('--offline', 'never download weights; take them from the cache (as NATS_OFFLINE=1)').argParser(
    () => {
      process.env.NATS_OFFLINE = '1';
      return true;
    },
  );
}

/** Which engine runs programs. */
export function addEngineFlag(command: Command): Command {
  return command.option('--engine <name>', `overrides engine.name: ${ENGINES.join(', ')}`, oneOf(ENGINES));
}

/** Which engine runs exported files. */
export function addModelEngineFlag(command: Command): Command {
  return command.option(
    '--engine <name>',
    `what runs the file: ${MODEL_ENGINES.join(', ')}`,
    oneOf(MODEL_ENGINES),
    MODEL_ENGINES[0],
  );
}

const oneOf = (names: readonly string[]) => (text: string) => {
  if (names.includes(text)) return text;
  const meant = nearest(text, names);
  throw new InvalidArgumentError(
    `${meant === undefined ? '' : `did you mean '${meant}'? `}There is ${names.join(', ')}.`,
  );
};

/** Values of an option that may be repeated. */
export function collected(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** What flags say: `--set` first, then flags of their own. */
export function overridesOf(
  { set = [], seed, threads, engine }: Omit<ConfigFlags, 'config'>,
  own: Overrides = {},
): Overrides {
  const flags = { seed, 'engine.threads': threads, 'engine.name': engine, ...own };
  // A flag that was not given hides no setting.
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...set.map(parseAssignment), ...given]);
}

/** Flags that are not called as the last part of the key that they set. */
const FLAG_NAMES: FlagNames = {
  'engine.name': '--engine',
  'weights.file': '--weights',
  'export.verifyImages': '--images',
  data: '--format and its paths',
};

/** Which flag set a key: for messages about its value. */
function flagNamesOf({ seed, threads, engine }: Omit<ConfigFlags, 'config'>, own: Overrides): FlagNames {
  const flags = { seed, 'engine.threads': threads, 'engine.name': engine, ...own };
  const kebab = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return Object.fromEntries(
    Object.entries(flags)
      .filter(([, value]) => value !== undefined)
      .map(([key]) => [key, FLAG_NAMES[key] ?? `--${kebab(key.split('.').at(-1)!)}`]),
  );
}

/** Flags over the file over the defaults. */
export function configOf(flags: ConfigFlags, own: Overrides = {}): Promise<Config> {
  return loadConfig({ file: flags.config, flags: overridesOf(flags, own), flagNames: flagNamesOf(flags, own) });
}

/** For options that are whole numbers of at least 0. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('a whole number');
  return value;
}

/** For options that are whole numbers of at least 1. */
export function countingNumber(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError('a whole number of at least 1');
  return value;
}

/** For options between 0 and 1. */
export function shareNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('a number from 0 to 1');
  return value;
}

/** The command as it was typed. */
export function thisCommand(): string {
  const args = process.argv.slice(2);
  if (process.env.npm_lifecycle_event !== 'demo') return commandOf(args);
  const [, ...rest] = args;
  return commandOf(rest.length > 0 ? ['run', 'demo', '--', ...rest] : ['run', 'demo'], 'npm');
}

/** With an engine, progress on `stream`, and Ctrl-C that says how to go on. */
export async function withContext<T>(
  config: Config,
  folder: string | undefined,
  work: (context: StepContext) => Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  const stopped =
    folder === undefined ? 'stopped' : `stopped; what was done is in ${folder}. To go on: ${thisCommand()}`;
  const engine = await openEngine(config.engine);
  const progress = streamProgress(stream);
  try {
    return await withInterruption(stopped, (signal) =>
      work({ config, engine, progress, command: thisCommand(), signal }),
    );
  } finally {
    await engine.dispose();
  }
}

/** Which command usually comes next; on stderr, so that it gets into no pipe, once all that was printed has been written. */
export function tellNext(command: string): void {
  process.stdout.write('', (failure) => {
    if (!failure && !isOutputClosed()) process.stderr.write(`Next: ${command}\n`);
  });
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
