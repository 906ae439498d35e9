import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expectFile } from '../files/expect-file.js';
import { readText } from '../files/read-text.js';
import { UsageError } from '../usage-error.js';
import { explainIssues } from './explain.js';
import { type Overrides, withOverrides } from './overrides.js';
import { withAbsolutePaths } from './paths.js';
import { CONFIG_FILE, type Config, configJsonSchema, configSchema } from './schema.js';

/** Flags by the key that each sets. */
export type FlagNames = Readonly<Record<string, string>>;

/** Where a config comes from. */
export interface ConfigSource {
  /** Default: `nats.config.json` in the working directory, if there is one. */
  readonly file?: string | undefined;
  /** What flags say; paths in it start from the working directory. */
  readonly flags?: Overrides;
  /** What messages call the origin of these settings, by their keys: `--steps`. Default: `--set KEY`. */
  readonly flagNames?: FlagNames;
}

/**
 * Flags over the file over the defaults, with absolute paths.
 * @throws UsageError naming every key that is unknown or has a wrong value; IO errors of a named file pass through
 */
export async function loadConfig({ file, flags = {}, flagNames = {} }: ConfigSource): Promise<Config> {
  const path = file ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined);
  const base = path === undefined ? {} : await readConfigFile(path);
  const said = withAbsolutePaths(base, path === undefined ? process.cwd() : dirname(resolve(path)));
  return parseConfig(withAbsolutePaths(withOverrides(said, flags), process.cwd()), path ?? 'flags', {
    flags,
    flagNames,
  });
}

/**
 * Fills in the defaults.
 * @param name what messages call the value's origin, but for keys that flags set
 * @throws UsageError naming every key that is unknown or has a wrong value, and where it was set
 */
export function parseConfig(
  value: unknown,
  name: string,
  { flags = {}, flagNames = {} }: Omit<ConfigSource, 'file'> = {},
): Config {
  const result = configSchema.safeParse(value);
  if (!result.success) {
    const set = Object.keys(flags).filter((key) => flags[key] !== undefined);
    const originOf = (path: string) => {
      const key = set.find((flag) => path === flag || path.startsWith(`${flag}.`));
      return key === undefined ? name : (flagNames[key] ?? `--set ${key}`);
    };
    const problems = explainIssues(result.error, configJsonSchema(), value);
    throw new UsageError(problems.map(({ path, text }) => `${originOf(path)}: ${text}`).join('\n  '));
  }
  return result.data;
}

async function readConfigFile(path: string): Promise<unknown> {
  const text = await readText(expectFile(path));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path}: a config file is JSON; ${(cause as Error).message}`);
  }
}
