// npm run evidence -- relaxations [--budget full|first-look] [--task digits|wide] [--run] [--out FILE]
// What several search seeds of several relaxations found, from the runs of the sweep files in relaxations/ (or in
// relaxations/first-look/, with smaller budgets): how far searches agree beyond chance, which directions they prefer, the AP of
// detectors trained with what they found, and what a search costs by its undisturbed steps. With --run it first makes what is not done yet, one task after the other, and goes on
// where it was stopped; so does `nats sweep run FILE`, on several cores or a cluster, once the classifier is pretrained.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type Config,
  collectSweep,
  decode,
  loadConfig,
  loadSweep,
  openEngine,
  planSweep,
  pretrainRun,
  RUN_FILES,
  readArchitecture,
  runSweepTask,
  type Sweep,
  type SweepTask,
  searchedBackbone,
  spaceOf,
  withInterruption,
  writeJson,
} from '@nats/pipeline';
import { difference, spread } from '@nats/report';
import { type Architecture, intensitiesBySite } from '@nats/search';
import { type Scheme, schemeAgreement } from '@nats/space';
import { inTrainings, stepSeconds } from './step-seconds.js';

const FOLDER = fileURLToPath(new URL('./relaxations', import.meta.url));

const BUDGETS: readonly string[] = ['full', 'first-look'];

/** One search. */
interface Found {
  readonly relaxation: string;
  readonly seed: number;
  readonly architecture: Architecture;
  readonly scheme: Scheme;
}

export async function relaxations(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      budget: { type: 'string', default: 'full' },
      task: { type: 'string', default: 'digits' },
      run: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  const { task, budget } = values;
  if (task !== 'digits' && task !== 'wide') throw new Error(`--task is digits or wide; received '${task}'`);
  if (!BUDGETS.includes(budget)) throw new Error(`--budget is one of ${BUDGETS.join(', ')}; received '${budget}'`);
  const folder = join(FOLDER, budget === 'full' ? '.' : budget);
  const searches = await loadSweep(join(folder, `${task}-searches.json`));
  const trained = await loadSweep(join(folder, `${task}-trainings.json`));
  if (values.run) await made([searches, trained], budget !== 'full');
  const found = await foundIn(searches);
  if (found.length === 0) throw new Error(`no search of ${searches.file} is done: --run makes them`);
  const trainings = await trainingsOf(trained);
  const names = searches.variants
    .map(({ name }) => name)
    .filter((name) => found.some((one) => one.relaxation === name));
  const config = searches.variants[0]!.configs.get(searches.seeds[0]!)!;
  const table = tableOf(names, found, trainings, await costsOf(names, searches, trained));
  const file = {
    command: `npm run evidence -- relaxations ${args.filter((arg, i) => arg !== '--out' && args[i - 1] !== '--out').join(' ')}`,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    budget: budgetOf(config),
    searches: found.map(({ relaxation, seed, architecture }) => ({
      relaxation,
      seed,
      probabilities: rounded(intensitiesBySite(architecture)),
    })),
    agreement: pairsOf(found).map(([a, b]) => ({
      pair: [a, b].map(({ relaxation, seed }) => `${relaxation} ${seed}`),
      ...schemeAgreement(a.scheme, b.scheme).overall,
      distance: distance(a, b),
    })),
    trainings: trainings.values,
    ...table,
  };
  if (values.out !== undefined) await writeJson(values.out, file);
  console.log([table.columns, ...table.rows].map((row) => row.join(' | ')).join('\n'));
}

/** Of the classifier that all begin with, where budgets are small; else the demonstration's. */
const SHORT_PRETRAINING = { 'pretrain.steps': 400, 'pretrain.batchSize': 32 };

/** Does what is not done, seeds outermost: what is cut short has all relaxations over fewer seeds. */
async function made(sweeps: readonly Sweep[], isSmall: boolean): Promise<void> {
  const command = `npm run evidence -- ${process.argv.slice(2).join(' ')}`;
  const [{ config: first }] = planSweep(sweeps[0]!) as [SweepTask];
  const pretrain = first.weights.file!;
  const overrides = { 'engine.threads': first.engine.threads, ...(isSmall && SHORT_PRETRAINING) };
  const demo = await loadConfig({ file: 'apps/cli/demo.config.json', flags: overrides });
  const engine = await openEngine(first.engine);
  const progress = { line: console.log, update: () => {} };
  try {
    await withInterruption(`stopped; to go on: ${command}`, async (signal) => {
      const context = { engine, command, signal, progress };
      await pretrainRun({ ...context, config: demo }, pretrain);
      for (const sweep of sweeps) {
        const tasks = planSweep(sweep).toSorted((a, b) => a.seed - b.seed);
        for (const task of tasks) await runSweepTask({ ...context, config: task.config }, sweep, task);
      }
    });
  } finally {
    await engine.dispose();
  }
}

async function foundIn(sweep: Sweep): Promise<Found[]> {
  const done = planSweep(sweep).filter(({ folder }) => existsSync(join(folder, RUN_FILES.architecture)));
  return Promise.all(
    done.map(async ({ folder, config, seed, variant }) => {
      const space = spaceOf(config, searchedBackbone(config));
      const architecture = await readArchitecture(join(folder, RUN_FILES.architecture), space);
      return { relaxation: variant.name, seed, architecture, scheme: decode(architecture, config) };
    }),
  );
}

/** AP of every training, in percent. */
interface Trainings {
  readonly values: readonly {
    readonly relaxation: string;
    readonly searchSeed?: number;
    readonly seed: number;
    readonly AP: number;
    /** Of small, medium and large objects. */
    readonly sizes: readonly number[];
  }[];
}

/** Variants are `original` and `RELAXATION-of-SEARCHSEED`. */
async function trainingsOf(sweep: Sweep): Promise<Trainings> {
  const { variants } = await collectSweep(sweep);
  const values = variants.flatMap(({ name, metrics }) => {
    const [relaxation, searchSeed] = name.split('-of-') as [string, string | undefined];
    return Object.entries(metrics.AP?.values ?? {}).map(([seed, value]) => ({
      relaxation,
      ...(searchSeed !== undefined && { searchSeed: Number(searchSeed) }),
      seed: Number(seed),
      AP: 100 * value,
      sizes: ['APsmall', 'APmedium', 'APlarge'].map((size) => 100 * metrics[size]!.values[seed]!),
    }));
  });
  return { values };
}

/** Seconds a step of each relaxation, of the weights alone and with the architecture's, and its search in trainings. */
async function costsOf(names: readonly string[], searches: Sweep, trained: Sweep): Promise<Map<string, string[]>> {
  const { steps, start = 0 } = searches.variants[0]!.configs.get(searches.seeds[0]!)!.search;
  const folders = (sweep: Sweep, name: string) =>
    planSweep(sweep).flatMap(({ variant, folder }) => (variant.name === name ? [folder] : []));
  const training = await stepSeconds(folders(trained, 'original'), start);
  const costs = new Map<string, string[]>();
  for (const name of names) {
    const cost = await stepSeconds(folders(searches, name), start);
    if (!cost || !training) continue;
    const whole = inTrainings(cost, start, steps, Math.min(training.before, training.after));
    costs.set(name, [`${cost.before.toFixed(2)} / ${cost.after.toFixed(2)}`, whole.toFixed(1)]);
  }
  return costs;
}

function tableOf(
  names: readonly string[],
  found: readonly Found[],
  { values }: Trainings,
  costs: ReadonlyMap<string, readonly string[]>,
) {
  const exact = found.filter(({ relaxation }) => relaxation === 'exact');
  const rows = names.map((name) => {
    const own = found.filter(({ relaxation }) => relaxation === name);
    const among = pairsOf(own);
    // Of one seed: the same images in the same order, so that what is left is the relaxation's.
    const toExact = own.flatMap((one) =>
      exact.filter(({ seed }) => seed === one.seed).map((other) => [one, other] as const),
    );
    const toOthers = own.flatMap((one) =>
      exact.filter(({ seed }) => seed !== one.seed).map((other) => [one, other] as const),
    );
    const trained = values.filter(({ relaxation }) => relaxation === name);
    return [
      name,
      own.length,
      among.length === 0 ? '' : mean(among.map(kappa), 2),
      name === 'exact' ? '' : mean(toExact.map(kappa), 2),
      toOthers.length === 0 ? '' : mean(toOthers.map(kappa), 2),
      name === 'exact' ? '' : mean(distances(toExact), 2),
      mean(distances(toOthers), 2),
      directions(own),
      ...apCells(trained, values),
      ...(costs.get(name) ?? ['', '']),
    ];
  });
  const guess = exact.map((one) => distanceToUniform(one));
  if (guess.length > 0)
    rows.push(['none: all alike', '', '', '', '', mean(guess, 2), mean(guess, 2), '', 0, '', '', '', '', '']);
  const original = values.filter(({ relaxation }) => relaxation === 'original');
  if (original.length > 0) rows.push(['original', '', '', '', '', '', '', '', ...apCells(original, values), '', '']);
  return {
    columns: [
      'relaxation',
      'search seeds',
      'kappa between its own seeds',
      'with exact, same seed',
      'with exact, other seeds',
      'distance of mean probabilities to exact, same seed',
      'to exact, other seeds',
      'probability of (1,1) / both axes alike / wider / higher',
      'trainings',
      'AP, mean ± sd',
      'small / medium / large',
      'difference to exact, paired',
      'seconds a step: of weights / with the architecture',
      'whole search, trainings',
    ],
    rows,
  };
}

function apCells(trained: Trainings['values'], all: Trainings['values']): (string | number)[] {
  if (trained.length === 0) return [0, '', '', ''];
  const { mean: ap, deviation } = spread(trained.map(({ AP }) => AP));
  const exact = all.filter(({ relaxation }) => relaxation === 'exact');
  // Mean over search seeds for each training seed: what is paired is the training.
  const bySeed = (these: Trainings['values']) =>
    [...new Set(these.map(({ seed }) => seed))].map((seed) => ({
      seed,
      value: spread(these.filter((one) => one.seed === seed).map(({ AP }) => AP)).mean,
    }));
  const change = trained[0]!.relaxation === 'exact' ? undefined : difference(bySeed(exact), bySeed(trained));
  const interval = change?.interval ? ` ± ${(change.interval[1] - change.mean).toFixed(1)}` : '';
  return [
    trained.length,
    `${ap.toFixed(1)}${deviation === undefined ? '' : ` ± ${deviation.toFixed(1)}`}`,
    [0, 1, 2]
      .map((size) =>
        mean(
          trained.map(({ sizes }) => sizes[size]!),
          1,
        ),
      )
      .join(' / '),
    change ? `${change.mean >= 0 ? '+' : ''}${change.mean.toFixed(1)}${interval}` : '',
  ];
}

/** Mean probability over all convolutions by direction: undilated, alike on both axes, wider than high, higher than wide. */
function directions(found: readonly Found[]): string {
  const sums = [0, 0, 0, 0];
  let rows = 0;
  for (const { architecture } of found) {
    const { genotypes } = architecture.space;
    for (const row of Object.values(intensitiesBySite(architecture))) {
      rows++;
      for (const [g, [dh, dw]] of genotypes.entries())
        sums[dh === 1 && dw === 1 ? 0 : dh === dw ? 1 : dw > dh ? 2 : 3]! += row[g]!;
    }
  }
  return sums.map((sum) => (sum / rows).toFixed(2)).join(' / ');
}

/** Total variation between two searches' mean probabilities, over all convolutions: 0 alike, 1 nothing in common. */
function distance(a: Found, b: Found): number {
  const [ours, theirs] = [intensitiesBySite(a.architecture), intensitiesBySite(b.architecture)];
  const bySite = Object.entries(ours).map(
    ([name, row]) => row.reduce((sum, value, g) => sum + Math.abs(value - theirs[name]![g]!), 0) / 2,
  );
  return bySite.reduce((sum, one) => sum + one, 0) / bySite.length;
}

const distances = (pairs: readonly (readonly [Found, Found])[]) => pairs.map(([a, b]) => distance(a, b));

/** What a search that had found nothing, with all genotypes alike in every convolution, would be away. */
function distanceToUniform({ architecture }: Found): number {
  const rows = Object.values(intensitiesBySite(architecture));
  const bySite = rows.map((row) => row.reduce((sum, value) => sum + Math.abs(value - 1 / row.length), 0) / 2);
  return bySite.reduce((sum, one) => sum + one, 0) / bySite.length;
}

const kappa = ([a, b]: readonly [Found, Found]) => schemeAgreement(a.scheme, b.scheme).overall.kappa ?? 0;

function pairsOf(found: readonly Found[]): (readonly [Found, Found])[] {
  return found
    .flatMap((a, i) => found.slice(i + 1).map((b) => [a, b] as const))
    .filter(([a, b]) => a.relaxation === b.relaxation);
}

function mean(values: readonly number[], digits: number): string {
  return values.length === 0 ? '' : (values.reduce((sum, one) => sum + one, 0) / values.length).toFixed(digits);
}

const rounded = (bySite: Readonly<Record<string, readonly number[]>>) =>
  Object.fromEntries(Object.entries(bySite).map(([name, row]) => [name, row.map((value) => Number(value.toFixed(4)))]));

function budgetOf({ search, train, data }: Config) {
  return {
    search: { steps: search.steps, start: search.start, batchSize: search.batchSize },
    train: { steps: train.steps, batchSize: train.batchSize },
    images: { train: data?.train, val: data?.val },
  };
}
