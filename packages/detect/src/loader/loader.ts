import { availableParallelism } from 'node:os';
import { check, type TensorData } from '@nats/graph';
import type { PixelStatistics } from '@nats/space';
import { createNormalizer } from '@nats/train/core';
import type { AugmentationOptions } from '../augment/augment-sample.js';
import { type Dataset, type DatasetRecord, selectRecords } from '../data/dataset.js';
import type { DecodeOptions } from '../data/decode-image.js';
import { defaultPixelStatistics } from '../data/pixel-statistics.js';
import { type CanvasSize, PAD_VALUE, type Placement } from '../data/placement.js';
import { checkMasks } from '../data/targets.js';
import type { RleMask } from '../masks/rle-mask.js';
import { type BatchPlan, bucketOf, type PlannedBatch, planBatches } from './batch-plan.js';
import { createImageSources, type TargetKind } from './image-sources.js';
import { type BatchArrays, type BatchConfig, makeBatch } from './make-batch.js';
import { closedError, createWorkerPool } from './worker-pool.js';

/** Images of one split. */
export interface LoaderSplit {
  readonly dataset: Dataset;
  /** Positions of its records in the dataset; default all. */
  readonly indices?: ArrayLike<number>;
  /** Default: none, letterboxed only. */
  readonly augment?: AugmentationOptions;
  /**
   * False: in the order of the dataset, as for evaluation; the last batch is filled up from the beginning, and nothing is
   * prepared beyond it.
   */
  readonly shuffle?: boolean;
  /** Default: the loader's. */
  readonly batchSize?: number;
  /** False: images without objects, as many as they have, as for evaluation. Default true. */
  readonly targets?: boolean;
}

/** Options of `createLoader`. */
export interface LoaderOptions {
  /** By name: `train`, `val`, halves for a search. */
  readonly splits: Readonly<Record<string, LoaderSplit>>;
  /**
   * Height and width that images are letterboxed to; or up to four sizes, and each image goes to the one nearest to its
   * shape. More sizes are more compiled programs.
   */
  readonly size: CanvasSize | readonly CanvasSize[];
  readonly batchSize: number;
  readonly channels?: 1 | 3;
  /** Default: mean 0.45 and deviation 0.225 of pixels in 0 to 1, about ImageNet's, for every channel. */
  readonly statistics?: PixelStatistics;
  /** Of what surrounds an image, 0 to 255; default 114. */
  readonly padValue?: number;
  /** Places for objects in an image; default 100. */
  readonly maxObjects?: number;
  /** An image with more is an error (default), or its smallest objects are left out. */
  readonly onTooMany?: 'error' | 'drop';
  /** Masks of objects, too; every object that is not a crowd must have one. Default false. */
  readonly masks?: boolean;
  /** Of the order of images and of augmentations; default 0. */
  readonly seed?: number;
  /**
   * Threads that decode and augment; 0 does it in the calling thread, with the same bits. Default: one less than the
   * machine has processors, 1 to 4, or 0 if no image is in a file.
   */
  readonly workers?: number;
  /** Steps that are prepared ahead of the one that is asked for; default 2, and 0 without workers. */
  readonly prefetch?: number;
  /** Keep decoded images, one byte a pixel and channel: for datasets that fit into memory. Default false. */
  readonly cache?: boolean;
  readonly decode?: Omit<DecodeOptions, 'channels'>;
}

/** Images and objects of one step. Arrays are the caller's: no other batch has them. */
export interface DetectionBatch {
  /** float32 `[B, C, H, W]`, normalized. */
  readonly images: TensorData;
  /** float32 `[B, M, 4]`: x1, y1, x2, y2 in pixels of the canvas; zeros behind the last object. */
  readonly boxes: TensorData;
  /** int32 `[B, M]`: 0 to classes - 1; -1 behind the last object. */
  readonly labels: TensorData;
  /** int32 `[B]`: objects in each image. */
  readonly counts: TensorData;
  /** Of each image's objects, in the order of its boxes, in pixels of the canvas; with the option `masks`. */
  readonly masks?: readonly (readonly RleMask[])[];
  readonly ids: readonly string[];
  /** Where each original image lies on its canvas; none if it was augmented. */
  readonly placements: readonly (Placement | undefined)[];
}

/** Batches of training and evaluation data. */
export interface Loader {
  /** Number of images, and of batches in which each is at least once. */
  readonly splits: Readonly<Record<string, { readonly size: number; readonly steps: number }>>;
  /** Height and width of each bucket. */
  readonly sizes: readonly CanvasSize[];
  /**
   * The batch of a step (0, 1, …, without end): a pure function of the files, the options, `split` and `step`.
   * @param stride to the step that is asked for next: those are prepared ahead; default 1
   * @throws NatsError `malformed` naming the image, `feed` for too many objects, `disposed` when closed; IO errors pass
   */
  batch(split: string, step: number, stride?: number): Promise<DetectionBatch>;
  /** Ids of the images of a batch, without making it. */
  identify(split: string, step: number): readonly string[];
  /** Position in `sizes` of a batch's size. */
  bucket(split: string, step: number): number;
  /** Ends the threads. Batches under way are rejected. */
  close(): Promise<void>;
}

const MAX_BUCKETS = 4;
const MAX_WORKERS = 4;

/** @throws NatsError `attribute` for options that do not fit each other, or a dataset without the masks that are asked for */
export function createLoader(options: LoaderOptions): Loader {
  const { batchSize } = options;
  const sizes = sizesOf(options.size);
  const config = configOf(options);
  checkOptions(options, sizes, config);
  const splits = new Map(
    Object.entries(options.splits).map(([name, split]) => [name, openSplit(name, { batchSize, ...split }, options)]),
  );
  const workers = options.workers ?? defaultWorkers(options.splits);
  const pool = workers > 0 ? createWorkerPool(workers, config) : undefined;
  const sources = createImageSources(config, options.cache ?? false);
  const ahead = options.prefetch ?? (pool ? 2 : 0);
  const prepared = new Map<string, Map<number, Promise<BatchArrays>>>();
  let closed = false;

  const splitOf = (name: string): OpenSplit => {
    const split = splits.get(name);
    check(split !== undefined, 'name', () => ({
      rule: 'a split is one of its loader',
      received: `'${name}'`,
      limit: [...splits.keys()].join(', '),
    }));
    return split;
  };
  const make = async ({ plan, records, augment, targets }: OpenSplit, step: number): Promise<BatchArrays> => {
    const { bucket, images } = plan(step);
    const tasks = images.map(async (planned) => ({
      seed: planned.seed,
      images: await Promise.all(planned.images.map((image) => sources.task(records[image]!, targets))),
    }));
    const task = { size: sizes[bucket]!, images: await Promise.all(tasks), ...(augment && { augment }) };
    if (closed) throw closedError();
    const arrays = await (pool ? pool.make(task) : makeBatch(task, config));
    sources.keep(arrays.decoded);
    return arrays;
  };
  const prepare = (name: string, step: number): Promise<BatchArrays> => {
    const steps = prepared.get(name) ?? new Map<number, Promise<BatchArrays>>();
    prepared.set(name, steps);
    const known = steps.get(step);
    if (known) return known;
    const arrays = make(splitOf(name), step);
    // Reported when it is taken; never if it is not.
    arrays.catch(() => {});
    steps.set(step, arrays);
    return arrays;
  };
  return {
    splits: Object.fromEntries(
      [...splits].map(([name, { records, plan }]) => [name, { size: records.length, steps: plan.stepsOfEpoch }]),
    ),
    sizes,
    batch: async (name, step, stride = 1) => {
      if (closed) throw closedError();
      const { plan, records, ordered } = splitOf(name);
      const arrays = prepare(name, step);
      const steps = prepared.get(name)!;
      steps.delete(step);
      for (const other of steps.keys()) if (other < step || other > step + ahead * stride) steps.delete(other);
      const epochOf = (other: number) => Math.floor(other / plan.stepsOfEpoch);
      for (let k = 1; k <= ahead; k++) {
        const next = step + k * stride;
        if (ordered && epochOf(next) !== epochOf(step)) break;
        prepare(name, next);
      }
      return batchOf(await arrays, idsOf(plan(step), records), sizes[plan(step).bucket]!, config);
    },
    identify: (name, step) => idsOf(splitOf(name).plan(step), splitOf(name).records),
    bucket: (name, step) => splitOf(name).plan(step).bucket,
    close: async () => {
      closed = true;
      prepared.clear();
      await pool?.close();
    },
  };
}

interface OpenSplit {
  readonly plan: BatchPlan;
  readonly records: readonly DatasetRecord[];
  readonly augment?: AugmentationOptions;
  readonly targets: TargetKind;
  /** Not shuffled: a pass over the split has an end. */
  readonly ordered: boolean;
}

function openSplit(
  name: string,
  { dataset, indices, augment, shuffle = true, batchSize, targets = true }: LoaderSplit & { batchSize: number },
  { size, seed = 0, masks = false }: Pick<LoaderOptions, 'size' | 'seed' | 'masks'>,
): OpenSplit {
  const sizes = sizesOf(size);
  const records = indices ? selectRecords(dataset, indices).records : dataset.records;
  check(records.length > 0 && records.every((record) => record !== undefined), 'attribute', () => ({
    rule: 'a split has at least one image, all of them in its dataset',
    received: `${records.length} images`,
    limit: `positions 0 to ${dataset.records.length - 1}`,
    where: name,
  }));
  if (targets && masks) checkMasks(records, name);
  const plan = planBatches({
    seed,
    split: name,
    batchSize,
    shuffle,
    buckets: records.map((record) => bucketOf(record, sizes)),
    bucketCount: sizes.length,
    ...(augment && { augment }),
  });
  const kind = targets ? (masks ? 'masks' : 'boxes') : 'none';
  return { plan, records, targets: kind, ordered: !shuffle, ...(augment && { augment }) };
}

function idsOf({ images }: PlannedBatch, records: readonly DatasetRecord[]): string[] {
  return images.map((planned) => records[planned.images[0]!]!.id);
}

function batchOf(
  { images, boxes, labels, counts, masks, placements }: BatchArrays,
  ids: readonly string[],
  [height, width]: CanvasSize,
  { channels, maxObjects }: BatchConfig,
): DetectionBatch {
  const batch = ids.length;
  return {
    images: { dtype: 'float32', shape: [batch, channels, height, width], data: images },
    boxes: { dtype: 'float32', shape: [batch, maxObjects, 4], data: boxes },
    labels: { dtype: 'int32', shape: [batch, maxObjects], data: labels },
    counts: { dtype: 'int32', shape: [batch], data: counts },
    ...(masks && { masks }),
    ids,
    placements,
  };
}

function sizesOf(size: LoaderOptions['size']): readonly CanvasSize[] {
  return typeof size[0] === 'number' ? [size as CanvasSize] : (size as readonly CanvasSize[]);
}

function configOf(options: LoaderOptions): BatchConfig {
  const { channels = 3, padValue = PAD_VALUE, maxObjects = 100, onTooMany = 'error', decode = {} } = options;
  const statistics = options.statistics ?? defaultPixelStatistics(channels);
  return { channels, statistics, padValue, maxObjects, onTooMany, decode };
}

function checkOptions(
  { splits, batchSize, workers = 0, prefetch = 0 }: LoaderOptions,
  sizes: readonly CanvasSize[],
  config: BatchConfig,
): void {
  check(sizes.length >= 1 && sizes.length <= MAX_BUCKETS, 'attribute', () => ({
    rule: 'a loader has one size or a few: each is a program of its own',
    received: `${sizes.length} sizes`,
    limit: `1 to ${MAX_BUCKETS}`,
  }));
  const isWhole = (value: number, least: number) => Number.isInteger(value) && value >= least;
  const numbers: [string, number, number][] = [
    ['batchSize', batchSize, 1],
    ...Object.values(splits).map((split): [string, number, number] => ['batchSize', split.batchSize ?? 1, 1]),
    ['maxObjects', config.maxObjects, 1],
    ['workers', workers, 0],
    ['prefetch', prefetch, 0],
    ...sizes.flat().map((side): [string, number, number] => ['size', side, 1]),
  ];
  for (const [name, value, least] of numbers) {
    check(isWhole(value, least), 'attribute', () => ({
      rule: 'sizes and counts of a loader are whole numbers',
      received: `${name} ${value}`,
      limit: `at least ${least}`,
    }));
  }
  const [[height, width] = [1, 1]] = sizes;
  createNormalizer({ channels: config.channels, height, width }, config.statistics);
}

function defaultWorkers(splits: LoaderOptions['splits']): number {
  const hasFiles = Object.values(splits).some(({ dataset }) => dataset.records.some(({ source }) => 'file' in source));
  return hasFiles ? Math.max(1, Math.min(MAX_WORKERS, availableParallelism() - 1)) : 0;
}
