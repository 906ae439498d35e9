import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { expectFile } from '../files/expect-file.js';
import { UsageError } from '../usage-error.js';
import { explainIssues } from './explain.js';
import { type Overrides, withOverrides } from './overrides.js';
import { withAbsolutePaths } from './paths.js';
import { CONFIG_FILE, type Config, configJsonSchema, configSchema } from './schema.js';

export interface ConfigSource {
  /** Default: `nats.config.json` in the working directory, if there is one. */
  readonly file?: string | undefined;
  /** What flags say; paths in it start from the working directory. */
  readonly flags?: Overrides;
}

/**
 * Flags over the file over the defaults, with absolute paths.
 * @throws UsageError naming every key that is unknown or has a wrong value; IO errors of a named file pass through
 */
export async function loadConfig({ file, flags = {} }: ConfigSource): Promise<Config> {
  const path = file ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined);
  const base = path === undefined ? {} : await readConfigFile(path);
  const said = withAbsolutePaths(base, path === undefined ? process.cwd() : dirname(resolve(path)));
  return parseConfig(withAbsolutePaths(withOverrides(said, flags), process.cwd()), path ?? 'flags');
}

/** Fills in the defaults. @throws UsageError */
export function parseConfig(value: unknown, name: string): Config {
  const result = configSchema.safeParse(value);
  if (!result.success) {
    const problems = explainIssues(result.error, configJsonSchema(), value);
    throw new UsageError(`${name}: ${problems.join(`\n  ${name}: `)}`);
  }
  return result.data;
}

async function readConfigFile(path: string): Promise<unknown> {
  const text = await readFile(expectFile(path), 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path}: a config file is JSON; ${(cause as Error).message}`);
  }
}
