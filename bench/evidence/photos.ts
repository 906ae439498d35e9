// npm run evidence -- photos [--data vehicles|aquarium|bccd] [--detector fcos] [--size 224] [--steps 400] [--search-steps 300]
//   [--variants original,argmax,…] [--seeds 0,1,2] [--search-seeds 0,1] [--frozen-norms] [--set KEY=VALUE …]
//   [--minutes 120] [--threads 1] [--out runs/evidence/photos]
// Photographs and ImageNet weights: searches, trains every variant from the same weights with the same schedule and seeds, and
// evaluates on the validation images. NATS_SHARED names the folder with data/ and data/imagenet/. Runs are those of `nats search`
// and `nats train`: each goes on where it was stopped, and what is done is not done again.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Config,
  evaluate,
  type Overrides,
  openEngine,
  openTask,
  parseAssignment,
  parseConfig,
  RUN_FILES,
  readArchitecture,
  type StepContext,
  searchedBackbone,
  searchRun,
  spaceOf,
  trainRun,
  withOverrides,
} from '@nats/pipeline';
import type { Architecture } from '@nats/search';
import { type Agreement, keepsOriginal, schemeAgreement } from '@nats/space';
import { photoConfig } from './photo-config.js';
import { type PhotoResult, photoTable } from './photo-table.js';
import { dilatedShare, PHOTO_VARIANTS } from './photo-variants.js';

const DEFAULTS = 'original,argmax,margin-3,margin-10,average,proportional,random,uniform-last,cyclic-last,continued';

export async function photos(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string', default: 'vehicles' },
      detector: { type: 'string', default: 'fcos' },
      size: { type: 'string', default: '224' },
      steps: { type: 'string', default: '400' },
      'search-steps': { type: 'string', default: '300' },
      variants: { type: 'string', default: DEFAULTS },
      seeds: { type: 'string', default: '0,1,2' },
      'search-seeds': { type: 'string', default: '0,1' },
      'frozen-norms': { type: 'boolean', default: false },
      set: { type: 'string', multiple: true, default: [] },
      minutes: { type: 'string', default: 'Infinity' },
      threads: { type: 'string', default: '1' },
      out: { type: 'string', default: join('runs', 'evidence', 'photos') },
    },
  });
  const names = values.variants.split(',');
  const unknown = names.find((name) => !Object.hasOwn(PHOTO_VARIANTS, name));
  if (unknown !== undefined) {
    throw new Error(`a variant is one of ${Object.keys(PHOTO_VARIANTS).join(', ')}; received '${unknown}'`);
  }
  const numbers = (text: string) => text.split(',').map(Number);
  const overrides: Overrides = Object.fromEntries(values.set.map(parseAssignment));
  const size = Number(values.size);
  const base = photoConfig({
    data: values.data,
    detector: values.detector,
    size,
    steps: Number(values.steps),
    searchSteps: Number(values['search-steps']),
    frozenNorms: values['frozen-norms'],
    threads: Number(values.threads),
  });
  const configOf = (seed: number, weights?: string): Config =>
    parseConfig(
      withOverrides(base, { ...overrides, seed, ...(weights !== undefined && { 'weights.file': weights }) }),
      'the settings of the photographs',
    );
  const deadline = performance.now() + Number(values.minutes) * 60_000;
  const command = `npm run evidence -- photos ${args.join(' ')}`.trim();
  const engine = await openEngine(configOf(0).engine);
  const contextOf = (config: Config): StepContext => ({
    config,
    engine,
    command,
    progress: { line: console.log, update: () => {} },
    signal: new AbortController().signal,
  });
  await mkdir(values.out, { recursive: true });

  const searches = new Map<number, Architecture>();
  const searchSeeds = names.some((name) => PHOTO_VARIANTS[name]!.searched) ? numbers(values['search-seeds']) : [];
  for (const seed of searchSeeds) {
    if (performance.now() > deadline) break;
    const folder = join(values.out, `search-${seed}`);
    const config = configOf(seed);
    await searchRun(contextOf(config), folder);
    const space = spaceOf(config, searchedBackbone(config));
    searches.set(seed, await readArchitecture(join(folder, RUN_FILES.architecture), space));
  }

  const results: PhotoResult[] = [];
  const task = await openTask(configOf(0));
  const space = spaceOf(configOf(0), task.backbone);
  // Seeds outermost: a comparison that is cut short has all variants over fewer seeds.
  for (const seed of numbers(values.seeds)) {
    for (const name of names) {
      const variant = PHOTO_VARIANTS[name]!;
      const which = variant.searched === 'each' ? [...searches.keys()] : [undefined];
      if (variant.searched && searches.size === 0) continue;
      for (const searchSeed of which) {
        if (performance.now() > deadline) break;
        const found = searchSeed === undefined ? [...searches.values()] : [searches.get(searchSeed)!];
        const chosen = variant.scheme({ space, found, seed });
        // A search that keeps (1,1) everywhere has found the original network: the same training is not repeated.
        const plain = chosen !== undefined && keepsOriginal(chosen) && !variant.continues;
        const scheme = plain ? undefined : chosen;
        const from = variant.continues ? join(values.out, `search-${searchSeed}`) : undefined;
        const context = contextOf(configOf(seed, from));
        const title = `${name}${searchSeed === undefined ? '' : `-of-${searchSeed}`}-${seed}`;
        const folder = join(values.out, plain ? `original-${seed}` : title);
        const started = performance.now();
        const { weights } = await trainRun(context, folder, scheme, task, title);
        const { stats } = await evaluate(context, task, weights, scheme, folder);
        results.push({
          variant: name,
          seed,
          ...(searchSeed !== undefined && { searchSeed }),
          dilated: scheme ? dilatedShare(scheme) : 0,
          stats,
          seconds: (performance.now() - started) / 1000,
        });
        await write(values.out, command, configOf(0), searches, results);
      }
    }
  }
  await engine.dispose();
  const table = photoTable(results);
  console.log([table.columns, ...table.rows].map((row) => row.join(' | ')).join('\n'));
}

async function write(
  folder: string,
  command: string,
  config: Config,
  searches: ReadonlyMap<number, Architecture>,
  results: readonly PhotoResult[],
): Promise<void> {
  const schemes = [...searches].map(([seed, found]) => {
    const scheme = PHOTO_VARIANTS.argmax!.scheme({ space: found.space, found: [found], seed })!;
    return { seed, scheme, dilated: dilatedShare(scheme) };
  });
  const agreement: Record<string, { overall: Agreement; byConvolution: Record<string, Agreement> }> = {};
  for (const [i, a] of schemes.entries()) {
    for (const b of schemes.slice(i + 1)) {
      const { overall, byConvolution } = schemeAgreement(a.scheme, b.scheme);
      agreement[`${a.seed} and ${b.seed}`] = { overall, byConvolution: Object.fromEntries(byConvolution) };
    }
  }
  const { data: _, weights: __, ...settings } = config;
  const file = {
    command,
    commit: commitOf(),
    settings,
    searches: schemes.map(({ seed, dilated }) => ({ seed, dilated })),
    agreement,
    results,
    ...photoTable(results),
  };
  await writeFile(join(folder, 'table.json'), `${JSON.stringify(file, null, 2)}\n`);
}

function commitOf(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}
