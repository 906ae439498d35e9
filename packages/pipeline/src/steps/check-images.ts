import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  checkImages,
  type DataProblem,
  type Dataset,
  isError,
  type KnownImage,
  selectRecords,
  withoutImages,
} from '@nats/detect';
import { type Collective, exchange } from '@nats/train';
import { printable } from '@nats/transfer';
import type { DataSettings } from '../config/sections/data.js';
import { readJson } from '../files/read-json.js';
import { writeAtomic } from '../files/write-atomic.js';
import type { Progress } from '../progress.js';
import type { Datasets } from './datasets.js';

/**
 * Both datasets after a look at every image, before the first step: broken ones are an error, or left out. Several processes
 * look at every n-th image each.
 * @throws Error naming the first broken image and how many more there are, unless they are to be left out
 */
export async function checkedDatasets(
  datasets: Datasets,
  data: DataSettings,
  progress?: Progress,
  signal?: AbortSignal,
  collective?: Collective,
): Promise<Datasets> {
  for (const dataset of Object.values(datasets) as Dataset[]) tellProblems(dataset, progress);
  if (data.format === 'mnist' || data.checkImages === 'none') return datasets;
  const { checkImages: how, onProblem, orientation } = data;
  const path = cacheFile(datasets.train);
  const known = await readKnown(path);
  const before = known.size;
  const check = async (dataset: Dataset): Promise<Dataset> => {
    const found = await checkImages(ownRecords(dataset, collective), {
      how,
      decode: { orientation },
      known,
      ...(signal && { signal }),
      onProgress: (done, all) => {
        if (done % 50 === 0 || done === all) progress?.update(`  images checked: ${done} of ${all}`);
      },
    });
    const problems = collective ? await ofAll(collective, dataset, found, known) : found;
    const errors = problems.filter(isError);
    for (const { file, rule, received } of problems.filter((problem) => !isError(problem)).slice(0, 5)) {
      progress?.line(`  warning: ${file}: ${received}; ${rule}`);
    }
    if (errors.length === 0) return dataset;
    if (onProblem === 'error') throw new Error(refusal(errors));
    progress?.line(
      `  ${errors.length} of ${dataset.records.length} images of ${dataset.name} are left out: ${shown(errors[0]!)}`,
    );
    return withoutImages(dataset, errors);
  };
  try {
    const checked = { train: await check(datasets.train), val: await check(datasets.val) };
    return checked;
  } finally {
    if (known.size !== before && (collective?.rank ?? 0) === 0) await writeKnown(path, known);
  }
}

/** Warnings that are told one by one. */
const TOLD = 3;

/** Says what the reader left out, cut or wondered at: a training on half of the annotations must not look like one on all. */
function tellProblems({ name, problems }: Dataset, progress: Progress | undefined): void {
  const warnings = problems.filter((problem) => !isError(problem));
  for (const { file, rule, received } of warnings.slice(0, TOLD)) {
    progress?.line(`  warning: ${printable(`${file}: ${received}; ${rule}`)}`);
  }
  if (warnings.length > TOLD) progress?.line(`  ${warnings.length - TOLD} more warnings: nats inspect data lists them`);
  const [first, ...others] = problems.filter(isError);
  if (!first) return;
  const place = `${first.file}${first.field === '' ? '' : `, ${first.field}`}: ${first.received}`;
  const count = others.length === 0 ? '1 problem' : `${others.length + 1} problems`;
  progress?.line(`  ${count} of ${printable(name)} left out or cut: ${printable(place)}; nats inspect data lists all`);
}

/** Every n-th image. */
function ownRecords(dataset: Dataset, collective: Collective | undefined): Dataset {
  if (!collective) return dataset;
  const { rank, size } = collective;
  const count = Math.max(0, Math.ceil((dataset.records.length - rank) / size));
  return selectRecords(
    dataset,
    Array.from({ length: count }, (_, i) => rank + i * size),
  );
}

/** What all processes found, in the order of the images; `known` grows by what the others saw. */
async function ofAll(
  collective: Collective,
  { records }: Dataset,
  found: readonly DataProblem[],
  known: Map<string, KnownImage>,
): Promise<DataProblem[]> {
  const parts = await exchange(collective, { found, seen: [...known] });
  for (const [path, image] of parts.flatMap(({ seen }) => seen)) known.set(path, image);
  const place = new Map(records.map(({ id }, i) => [id, i]));
  const placeOf = ({ image }: DataProblem) => place.get(image ?? '') ?? 0;
  return parts.flatMap((part) => part.found).sort((a, b) => placeOf(a) - placeOf(b));
}

function shown({ file, received }: DataProblem): string {
  return `${file}: ${received}`;
}

function refusal(errors: readonly DataProblem[]): string {
  const [{ file, rule, received }] = errors as [DataProblem];
  const others = errors.length - 1;
  const more = others === 0 ? '' : `; ${others} more image${others === 1 ? '' : 's'}`;
  return `${file}: received ${received}, but ${rule}${more}; data.onProblem 'drop' leaves such images out, nats inspect data --check decode lists them`;
}

/** One file for each dataset, in the user's cache. */
function cacheFile({ name }: Dataset): string {
  const folder = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const key = createHash('sha256').update(`${process.cwd()}\n${name}`).digest('hex').slice(0, 32);
  return join(folder, 'nats', 'images', `${key}.json`);
}

/** What earlier checks found; nothing, if that cannot be read: it only saves time. */
async function readKnown(path: string): Promise<Map<string, KnownImage>> {
  if (!existsSync(path)) return new Map();
  try {
    return new Map((await readJson(path)) as [string, KnownImage][]);
  } catch {
    return new Map();
  }
}

async function writeKnown(path: string, known: ReadonlyMap<string, KnownImage>): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeAtomic(path, JSON.stringify([...known]));
  } catch {
    // A full or read-only disk: the next check looks again.
  }
}
