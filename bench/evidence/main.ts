// npm run evidence -- quick [--variants a,b] [--seeds 10,11,12] [--search-seed 10] [--minutes 60] [--threads 2]
//   [--field 87] [--backbone-learning-rate-scale 1] [--wide] [--every-channel] [--pretraining-seed 10]
//   [--out runs/evidence/quick]
// npm run evidence -- photos …, features …: photographs and ImageNet weights, see photos.ts and photo-features.ts
// npm run evidence -- relaxations …: several search seeds of several relaxations, see relaxations.ts
// npm run evidence -- gradients …: how good one step's gradient of the architecture is, see gradients.ts
// Trains every variant from the same pretrained classifier with the same schedule and seeds, by the steps of @nats/pipeline, and
// writes a table. Resumable: every search and training has a run directory below the output folder.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Config,
  openEngine,
  openTask,
  pretrainRun,
  type StepContext,
  spaceOf,
  withInterruption,
  writeAtomic,
  writeJson,
} from '@nats/pipeline';
import { type Conditions, conditionedConfig, DEFAULT_CONDITIONS } from './conditions.js';
import { gradientQuality } from './gradients.js';
import { photoFeatures } from './photo-features.js';
import { photos } from './photos.js';
import { relaxations } from './relaxations.js';
import { type SearchKind, type SearchResult, searchResult } from './searches.js';
import { markdownOf, rowsOf } from './table.js';
import { trainedVariant, type VariantResult } from './trained-variant.js';
import { VARIANTS } from './variants.js';

const DEFAULT_VARIANTS = ['original', 'proportional', 'argmax', 'random', 'uniform-last', 'cyclic'];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      variants: { type: 'string', default: DEFAULT_VARIANTS.join() },
      seeds: { type: 'string', default: '10,11,12' },
      'search-seed': { type: 'string', default: '10' },
      'pretraining-seed': { type: 'string', default: '10' },
      threads: { type: 'string', default: '2' },
      field: { type: 'string', default: DEFAULT_CONDITIONS.field },
      'backbone-learning-rate-scale': {
        type: 'string',
        default: String(DEFAULT_CONDITIONS.backboneLearningRateScale),
      },
      wide: { type: 'boolean', default: DEFAULT_CONDITIONS.wide },
      'every-channel': { type: 'boolean', default: DEFAULT_CONDITIONS.everyChannel },
      minutes: { type: 'string', default: 'Infinity' },
      out: { type: 'string', default: join('runs', 'evidence', 'quick') },
    },
  });
  if (positionals[0] !== 'quick')
    throw new Error(
      `the protocol '${positionals[0] ?? ''}' is not 'quick', 'photos', 'features', 'relaxations' or 'gradients'`,
    );
  const variants = values.variants.split(',');
  const unknown = variants.find((variant) => !Object.hasOwn(VARIANTS, variant));
  if (unknown !== undefined) throw new Error(`'${unknown}' is none of ${Object.keys(VARIANTS).join(', ')}`);
  const conditions: Conditions = {
    field: values.field,
    backboneLearningRateScale: Number(values['backbone-learning-rate-scale']),
    wide: values.wide,
    everyChannel: values['every-channel'],
  };
  const pretraining = Number(values['pretraining-seed']);
  const config = await conditionedConfig(conditions, {
    seed: pretraining,
    'pretrain.data.seed': pretraining,
    'engine.threads': Number(values.threads),
  });
  const command = `npm run evidence -- ${process.argv.slice(2).join(' ')}`;
  const engine = await openEngine(config.engine);
  try {
    await withInterruption(`stopped; to go on: ${command}`, (signal) =>
      compared({
        context: { config, engine, command, signal, progress },
        out: values.out,
        variants,
        seeds: values.seeds.split(',').map(Number),
        searchSeed: Number(values['search-seed']),
        deadline: performance.now() + Number(values.minutes) * 60_000,
        notes: caveats(config, conditions, values['search-seed']),
      }),
    );
  } finally {
    await engine.dispose();
  }
}

const progress: StepContext['progress'] = { line: (text) => console.log(text), update: everyTenSeconds() };

function everyTenSeconds(): (text: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (text) => {
    if (performance.now() - last < 10_000) return;
    last = performance.now();
    console.log(text);
  };
}

interface Comparison {
  readonly context: StepContext;
  readonly out: string;
  readonly variants: readonly string[];
  readonly seeds: readonly number[];
  readonly searchSeed: number;
  /** By `performance.now()`: nothing more is begun after it. */
  readonly deadline: number;
  readonly notes: readonly string[];
}

async function compared({ context, out, variants, seeds, searchSeed, deadline, notes }: Comparison): Promise<void> {
  const weights = join(out, 'pretrain');
  await pretrainRun(context, weights);
  const withSeed = (seed: number): StepContext => {
    const { config } = context;
    return { ...context, config: { ...config, seed, weights: { ...config.weights, file: weights } } };
  };
  const task = await openTask(context.config);
  const found = new Map<SearchKind, SearchResult>();
  for (const { search } of variants.map((variant) => VARIANTS[variant]!)) {
    if (!search || found.has(search)) continue;
    const folder = join(out, `search-${search}-${searchSeed}`);
    found.set(search, await searchResult(withSeed(searchSeed), task, folder, search));
  }
  const space = spaceOf(context.config, task.backbone);
  const results: VariantResult[] = [];
  // Seeds outermost: a run that is cut short compares all variants over fewer seeds.
  for (const seed of seeds) {
    for (const variant of variants) {
      if (performance.now() > deadline) break;
      const { search, scheme } = VARIANTS[variant]!;
      const chosen = scheme({ space, found: search && found.get(search), seed });
      results.push(await trainedVariant(withSeed(seed), task, out, variant, chosen));
      const rows = rowsOf(results);
      await writeAtomic(join(out, 'table.md'), markdownOf(rows, context.command, notes));
      await writeJson(join(out, 'table.json'), { command: context.command, rows, results });
    }
  }
  console.log(`\n${markdownOf(rowsOf(results), context.command, notes)}`);
}

function caveats({ data, space, evaluate }: Config, conditions: Conditions, searchSeed: string): string[] {
  const { field, backboneLearningRateScale, wide, everyChannel } = conditions;
  const task = [
    `MNIST-detection, 128 x 128${wide ? ', wide digits' : ''}`,
    `receptive field ${field} pixels`,
    ...(backboneLearningRateScale === 1 ? [] : [`learning rate of the backbone x ${backboneLearningRateScale}`]),
    `a choice for ${everyChannel ? 'every channel' : `${space.groups} channel groups`} of a convolution`,
    `${data?.val} test images`,
  ];
  const [small, large] = evaluate.sizes;
  return [
    `${task.join(', ')}; small, medium, large: side below ${small}, to ${large}, above, in pixels.`,
    `One search of each kind (seed ${searchSeed}); spreads are over seeds of the retraining alone. Intervals are of Student's t over paired seeds.`,
  ];
}

const [protocol, ...rest] = process.argv.slice(2);
if (protocol === 'photos') await photos(rest);
else if (protocol === 'features') await photoFeatures(rest);
else if (protocol === 'relaxations') await relaxations(rest);
else if (protocol === 'gradients') await gradientQuality(rest);
else await main();
