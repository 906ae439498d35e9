import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { explainIssues } from '../config/explain.js';
import { parseConfig } from '../config/load-config.js';
import { withOverrides } from '../config/overrides.js';
import { withAbsolutePaths } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import { duplicateKey } from '../files/duplicate-key.js';
import { expectFile } from '../files/expect-file.js';
import { readText } from '../files/read-text.js';
import { UsageError } from '../usage-error.js';
import {
  type SchemePattern,
  type SlurmSettings,
  type SweepStep,
  sweepJsonSchema,
  sweepSchema,
} from './sweep-schema.js';

/** One of the things that a sweep compares. */
export interface SweepVariant {
  readonly name: string;
  readonly steps: readonly SweepStep[];
  /** Absolute path, or a pattern. */
  readonly scheme?: string | SchemePattern;
  /** Of one search for all seeds. */
  readonly searchSeed?: number;
  /** By seed. */
  readonly configs: ReadonlyMap<number, Config>;
}

/** A sweep file with its configs filled in and its paths absolute. */
export interface Sweep {
  readonly file: string;
  readonly name: string;
  /** Folder of all runs. */
  readonly out: string;
  readonly seeds: readonly number[];
  /** Of one pretraining for all seeds. */
  readonly pretrainSeed?: number;
  /** Variants that the others are compared with, the most important first. */
  readonly baselines: readonly [string, ...string[]];
  readonly variants: readonly SweepVariant[];
  readonly slurm: SlurmSettings;
}

/**
 * Reads a sweep file and the config under it; paths start from the folder of the file that names them.
 * @throws UsageError naming every key that is unknown or has a wrong value, and the variant whose config has; IO errors pass
 */
export async function loadSweep(path: string): Promise<Sweep> {
  const file = resolve(path);
  const folder = dirname(file);
  const value = await readJsonFile(file, 'a sweep file');
  const result = sweepSchema.safeParse(value);
  if (!result.success) {
    const problems = explainIssues(result.error, sweepJsonSchema(), value);
    throw new UsageError(problems.map(({ text }) => `${path}: ${text}`).join('\n  '));
  }
  const { out, config, seeds, set: common, steps, baseline, variants, slurm, pretrainSeed, searchSeed } = result.data;
  const base = await baseConfig(path, folder, config);
  const names = Object.keys(variants);
  const [first = names[0]!, ...further] = [baseline ?? []].flat();
  for (const one of [first, ...further]) {
    if (!names.includes(one))
      throw new UsageError(`${path}: baseline: there is no variant '${one}'; there is ${names.join(', ')}`);
  }
  const name = basename(file, extname(file));
  return {
    file,
    name,
    out: out === undefined ? join(folder, name) : resolve(folder, out),
    seeds,
    ...(pretrainSeed !== undefined && { pretrainSeed }),
    baselines: [first, ...further],
    variants: Object.entries(variants).map(
      ([variant, { set, steps: own = steps, scheme, searchSeed: one = searchSeed }]): SweepVariant => {
        checkSteps(path, variant, own, scheme);
        const where = `${path}: variants.${variant}`;
        const changed = withAbsolutePaths(withOverrides(base, { ...common, ...set }), folder);
        const configs = seeds.map((seed): [number, Config] => [
          seed,
          parseConfig(withOverrides(changed, { seed }), where),
        ]);
        checkPattern(where, scheme, configs[0]![1]);
        return {
          name: variant,
          steps: own,
          ...(one !== undefined && { searchSeed: one }),
          ...(scheme !== undefined && { scheme: typeof scheme === 'string' ? resolve(folder, scheme) : scheme }),
          configs: new Map(configs),
        };
      },
    ),
    slurm,
  };
}

async function baseConfig(path: string, folder: string, config: string | Record<string, unknown>): Promise<unknown> {
  if (typeof config !== 'string') return withAbsolutePaths(config, folder);
  const file = resolve(folder, config);
  if (!existsSync(file))
    throw new UsageError(`${path}: config: there is no ${file}; name the base config, or make one with nats init`);
  return withAbsolutePaths(await readJsonFile(file, 'a config file'), dirname(file));
}

/** Before anything is begun: a dilation that can not be drawn from the space would fail in every training. */
function checkPattern(where: string, scheme: string | SchemePattern | undefined, { space }: Config): void {
  if (typeof scheme !== 'object') return;
  const unknown = scheme.genotypes?.find((genotype) => !space.genotypes.includes(genotype));
  if (unknown !== undefined)
    throw new UsageError(
      `${where}.scheme.genotypes: '${unknown}' is none of space.genotypes: ${space.genotypes.join(', ')}`,
    );
}

/**
 * Before a sweep is begun: schemes may be made by another meanwhile.
 * @throws UsageError naming the first variant whose scheme is not there
 */
export function checkSchemes({ file, variants }: Sweep): void {
  for (const { name, scheme } of variants) {
    if (typeof scheme === 'string' && !existsSync(scheme))
      throw new UsageError(`${file}: variants.${name}.scheme: there is no ${scheme}`);
  }
}

function checkSteps(
  path: string,
  variant: string,
  steps: readonly SweepStep[],
  scheme: string | SchemePattern | undefined,
): void {
  const where = `${path}: variants.${variant}`;
  const isRandom = typeof scheme === 'object' && scheme.pattern === 'random';
  if (scheme !== undefined && steps.includes('search') && !isRandom)
    throw new UsageError(
      `${where}: either a scheme or the step search, which finds one; with a scheme give steps of its own`,
    );
  if (isRandom && !steps.includes('search'))
    throw new UsageError(`${where}: the pattern random needs the step search, whose counts of channels it takes`);
  for (const step of ['evaluate', 'latency'] as const) {
    if (steps.includes(step) && !steps.includes('train'))
      throw new UsageError(`${where}.steps: ${step} needs train, which makes what is judged`);
  }
}

async function readJsonFile(path: string, what: string): Promise<unknown> {
  const text = await readText(expectFile(path));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path}: ${what} is JSON; ${(cause as Error).message}`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new UsageError(`${path}: '${twice}' is there twice; one of the two would be lost`);
  return value;
}
