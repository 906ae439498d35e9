import { existsSync } from 'node:fs';
import { type Architecture, averageArchitectures, decodeScheme } from '@nats/search';
import { compareSchemes, type Scheme, schemeFromJson, schemeToJson } from '@nats/space';
import { toJson } from '@nats/train';
import type { Config } from '../config/schema.js';
import { expectFile } from '../files/expect-file.js';
import { readText } from '../files/read-text.js';
import { writeAtomic } from '../files/write-atomic.js';
import { UsageError } from '../usage-error.js';
import { VERSION } from '../version.js';

/** The scheme that a search's architecture stands for, or the mean of several, with where it comes from. */
export function decode(searches: Architecture | readonly Architecture[], { decode, seed, data }: Config): Scheme {
  const architecture = 'sites' in searches ? searches : averageArchitectures(searches);
  return decodeScheme(architecture, decode, {
    tool: { name: '@nats/cli', version: VERSION },
    seed,
    config: toJson({ decode, data: data?.format }) as Readonly<Record<string, unknown>>,
  });
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
