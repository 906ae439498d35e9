// npm run evidence -- quick [--variants a,b] [--seeds 10,11,12] [--search-seed 10] [--minutes 60] [--threads 2]
//   [--field 87] [--backbone-rate 1] [--wide] [--every-channel] [--pretraining-seed 10] [--out runs/evidence/quick]
// Trains every variant from the same pretrained classifier with the same schedule and seeds, and writes a table. Resumable:
// what is in the output folder is not computed again.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { kept } from './cache.js';
import { PROTOCOL } from './protocol.js';
import { type Probabilities, type SearchKind, searched } from './searches.js';
import { pretrainedWeights, trainedVariant, type VariantResult } from './stages.js';
import { markdownOf, rowsOf } from './table.js';
import { DEFAULT_TASK, loadTask, type TaskOptions } from './task.js';
import { VARIANTS } from './variants.js';

const DEFAULT_VARIANTS = ['original', 'proportional', 'argmax', 'random', 'uniform-last', 'cyclic'];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      variants: { type: 'string', default: DEFAULT_VARIANTS.join() },
      seeds: { type: 'string', default: '10,11,12' },
      'search-seed': { type: 'string', default: String(PROTOCOL.search.seed) },
      'pretraining-seed': { type: 'string', default: String(PROTOCOL.pretraining.seed) },
      threads: { type: 'string', default: '2' },
      field: { type: 'string', default: DEFAULT_TASK.field },
      'backbone-rate': { type: 'string', default: String(DEFAULT_TASK.backboneRate) },
      wide: { type: 'boolean', default: DEFAULT_TASK.wide },
      'every-channel': { type: 'boolean', default: DEFAULT_TASK.everyChannel },
      minutes: { type: 'string', default: 'Infinity' },
      out: { type: 'string', default: join('runs', 'evidence', 'quick') },
    },
  });
  if (positionals[0] !== 'quick') throw new Error(`the protocol is 'quick'; received '${positionals[0] ?? ''}'`);
  const variants = values.variants.split(',');
  const unknown = variants.find((variant) => !Object.hasOwn(VARIANTS, variant));
  if (unknown !== undefined)
    throw new Error(`a variant is one of ${Object.keys(VARIANTS).join(', ')}; received '${unknown}'`);
  const seeds = values.seeds.split(',').map(Number);
  const deadline = performance.now() + Number(values.minutes) * 60_000;

  const command = `npm run evidence -- ${process.argv.slice(2).join(' ')}`;
  const threads = Number(values.threads);
  const { field, wide, 'every-channel': everyChannel } = values;
  const options: TaskOptions = { field, backboneRate: Number(values['backbone-rate']), wide, everyChannel };
  const pretrainingSeed = Number(values['pretraining-seed']);
  await mkdir(values.out, { recursive: true });
  await claimFolder(values.out, { ...options, pretrainingSeed, threads, protocol: PROTOCOL });
  const context = {
    engine: onnxruntimeEngine({ threads }),
    task: await loadTask(options),
    folder: values.out,
  };
  const notes = caveats(values['search-seed'], options);
  const initial = await pretrainedWeights(context, pretrainingSeed);
  const found = new Map<SearchKind, Probabilities>();
  for (const variant of variants) {
    const { search } = VARIANTS[variant]!;
    if (!search || found.has(search)) continue;
    found.set(search, await searched(context, initial, search, Number(values['search-seed'])));
  }
  const results: VariantResult[] = [];
  // Seeds outermost: a run that is cut short compares all variants over fewer seeds.
  for (const seed of seeds) {
    for (const variant of variants) {
      if (performance.now() > deadline) break;
      const { search, scheme } = VARIANTS[variant]!;
      const chosen = scheme({ space: context.task.space, found: search ? found.get(search)! : {}, seed });
      results.push(await trainedVariant(context, initial, variant, chosen, seed));
      await writeTable(values.out, results, command, notes);
    }
  }
  await context.engine.dispose();
  console.log(`\n${markdownOf(rowsOf(results), command, notes)}`);
}

/** Results of other settings must not be taken for those of these. */
async function claimFolder(folder: string, settings: unknown): Promise<void> {
  const known = await kept(join(folder, 'settings.json'), async () => settings);
  if (JSON.stringify(known) === JSON.stringify(settings)) return;
  throw new Error(`${folder} holds results of other settings (see settings.json in it); choose another with --out`);
}

function caveats(searchSeed: string, { field, backboneRate, wide, everyChannel }: TaskOptions): string[] {
  const task = [
    `${PROTOCOL.name}${wide ? ', wide digits' : ''}`,
    `receptive field ${field} pixels`,
    ...(backboneRate === 1 ? [] : [`learning rate of the backbone x ${backboneRate}`]),
    `a choice for ${everyChannel ? 'every channel' : `${PROTOCOL.search.groups} channel groups`} of a convolution`,
    `${PROTOCOL.testImages} test images`,
  ];
  return [
    `${task.join(', ')}; small, medium, large: side below ${PROTOCOL.sizes[0]}, to ${PROTOCOL.sizes[1]}, above, in pixels.`,
    `One search of each kind (seed ${searchSeed}); spreads are over seeds of the retraining alone. Intervals are of Student's t over paired seeds.`,
  ];
}

async function writeTable(
  folder: string,
  results: readonly VariantResult[],
  command: string,
  notes: readonly string[],
): Promise<void> {
  const rows = rowsOf(results);
  await writeFile(join(folder, 'table.md'), markdownOf(rows, command, notes));
  await writeFile(
    join(folder, 'table.json'),
    `${JSON.stringify({ command, protocol: PROTOCOL, rows, results }, null, 2)}\n`,
  );
}

await main();
