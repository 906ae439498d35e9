import { stat } from 'node:fs/promises';
import type { Dataset, DatasetRecord } from './dataset.js';
import { sourceName } from './dataset.js';
import { type DecodeOptions, imageState, loadRecordImage, readImageSize, sizeFault } from './decode-image.js';
import { imageFault } from './image-fault.js';
import { inParallel } from './in-parallel.js';
import type { DataProblem } from './problems.js';

/** How `checkImages` looks at image files. */
export interface ImageCheckOptions {
  /** `decode` reads every image whole, which finds truncated ones; `header` its size alone. */
  readonly how: 'decode' | 'header';
  readonly decode?: DecodeOptions;
  /** What is known of files that have not changed since, by path; what is found is added. */
  readonly known?: Map<string, KnownImage>;
  /** How many images were looked at. */
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** What was found of an image file, which holds while its size and time stay the same. Plain data. */
export interface KnownImage {
  readonly bytes: number;
  readonly modified: number;
  readonly how: 'decode' | 'header';
  readonly orientation: 'apply' | 'ignore';
  readonly width?: number;
  readonly height?: number;
  /** Its data end too early, and what is there is read. */
  readonly isCut?: boolean;
  readonly fault?: { readonly rule: string; readonly received: string };
}

/**
 * Looks at every image of a dataset, several at a time: missing, broken or truncated ones, and those of another size than
 * annotated, are problems; a JPEG that lacks its last bytes, which is read as browsers do, is a warning.
 */
export async function checkImages(dataset: Dataset, options: ImageCheckOptions): Promise<DataProblem[]> {
  const { records } = dataset;
  let done = 0;
  const problems = await inParallel(records, async (record) => {
    options.signal?.throwIfAborted();
    const problem = await imageProblem(record, options);
    options.onProgress?.(++done, records.length);
    return problem;
  });
  return problems.filter((problem) => problem !== undefined);
}

/** A dataset without the images that problems name. */
export function withoutImages(dataset: Dataset, problems: readonly DataProblem[]): Dataset {
  const broken = new Set(problems.map(({ image }) => image));
  return {
    ...dataset,
    records: dataset.records.filter(({ id }) => !broken.has(id)),
    problems: [...dataset.problems, ...problems.map((problem) => ({ ...problem, remedy: 'image dropped' as const }))],
  };
}

async function imageProblem(record: DatasetRecord, options: ImageCheckOptions): Promise<DataProblem | undefined> {
  const { source } = record;
  const where = { kind: 'image', image: record.id, file: sourceName(record), field: '', remedy: 'none' } as const;
  if ('load' in source) {
    return loadRecordImage(record, options.decode).then(
      () => undefined,
      (error: unknown) => ({ ...where, ...imageFault(error) }),
    );
  }
  const { fault, isCut, width, height } = await lookAt(source.file, options);
  if (fault) return { ...where, ...fault };
  const wrong = sizeFault(record, { width: width!, height: height! });
  if (wrong) return { ...where, rule: `${wrong.rule}; ${wrong.limit}`, received: wrong.received };
  if (!isCut) return undefined;
  const rule = 'a JPEG is complete; this one is read as browsers do, with gray where its data end';
  return { ...where, rule, received: 'one that lacks its last bytes', severity: 'warning' };
}

async function lookAt(file: string, { how, decode = {}, known }: ImageCheckOptions): Promise<KnownImage> {
  const { orientation = 'apply' } = decode;
  let key: Pick<KnownImage, 'bytes' | 'modified' | 'how' | 'orientation'> = { bytes: 0, modified: 0, how, orientation };
  try {
    const { size, mtimeMs } = await stat(file);
    key = { ...key, bytes: size, modified: mtimeMs };
    const before = known?.get(file);
    const holds = before && before.bytes === size && before.modified === mtimeMs && before.orientation === orientation;
    if (holds && (before.how === 'decode' || how === 'header')) return before;
    const found = how === 'decode' ? await imageState(file, decode) : await readImageSize(file, decode);
    const state: KnownImage = { ...key, ...found };
    known?.set(file, state);
    return state;
  } catch (error) {
    // Not kept: a file that comes back, or may be read again, must be found.
    return { ...key, fault: imageFault(error) };
  }
}
