import { check, type Feeds, hash32 } from '@nats/graph';
import type { Json } from '@nats/train/core';
import type { AugmentationOptions } from '../augment/augment-sample.js';
import { MOSAIC_SIZE } from '../augment/mosaic.js';

import { type Dataset, type DatasetRecord, selectRecords } from '../data/dataset.js';
import { createLoader, type Loader, type LoaderOptions } from '../loader/index.js';
import { type EvaluationImages, loadedImages } from './evaluation-images.js';
import { maskFeeds } from './mask-feeds.js';

/** Images of one split. */
export interface DetectionSplit {
  /** Annotated images, which a loader decodes, augments and letterboxes in threads. */
  readonly dataset: Dataset;
  /** Positions of its images in the dataset; default all. `divideIndices` makes the halves of a search. */
  readonly indices?: ArrayLike<number>;
  /** In training; never in evaluations. Default: none. */
  readonly augment?: AugmentationOptions;
}

/** A split that gives batches and can be evaluated. */
export interface OpenSplit {
  readonly size: number;
  /** What it is, for checkpoints. */
  readonly config: Json;
  /** @param stride to the step that is asked for next; default 1 */
  batch(step: number, stride?: number): Promise<Feeds>;
  identify(step: number): readonly string[];
  images(): EvaluationImages;
}

export interface SplitOptions {
  readonly batchSize: number;
  readonly evaluationBatchSize: number;
  readonly seed: number;
  readonly maxObjects: number;
  /** Whether batches have masks. */
  readonly masks: boolean;
  readonly cache?: boolean;
  readonly loading: Pick<LoaderOptions, 'statistics' | 'onTooMany' | 'workers' | 'prefetch' | 'decode' | 'padValue'> & {
    readonly channels: 1 | 3;
    readonly size: readonly [number, number];
  };
}

export interface OpenSplits {
  readonly splits: ReadonlyMap<string, OpenSplit>;
  close(): Promise<void>;
}

/** One loader for all splits, so that there is one set of threads. */
export function openSplits(sources: Readonly<Record<string, DetectionSplit>>, options: SplitOptions): OpenSplits {
  const entries = Object.entries(sources);
  const loader = openLoader(entries, options);
  return {
    splits: new Map(entries.map(([name, source]) => [name, openSplit(name, source, loader, options)])),
    close: () => loader.close(),
  };
}

const inOrder = (name: string) => `${name}, in order`;

function openLoader(splits: readonly [string, DetectionSplit][], options: SplitOptions): Loader {
  const { batchSize, evaluationBatchSize, seed, maxObjects, masks, cache = false, loading } = options;
  return createLoader({
    ...loading,
    masks,
    splits: Object.fromEntries(
      splits.flatMap(([name, { dataset, indices, augment }]) => {
        const images = { dataset, ...(indices && { indices }) };
        return [
          [name, { ...images, ...(augment && { augment }) }],
          [inOrder(name), { ...images, shuffle: false, targets: false, batchSize: evaluationBatchSize }],
        ];
      }),
    ),
    batchSize,
    seed,
    maxObjects,
    cache,
  });
}

function openSplit(
  name: string,
  { dataset, indices, augment }: DetectionSplit,
  loader: Loader,
  { maxObjects, loading }: SplitOptions,
): OpenSplit {
  const { size } = loader.splits[name]!;
  const chosen = indices ? selectRecords(dataset, indices) : dataset;
  return {
    size,
    config: configOf(dataset.name, size, indices, augment),
    batch: async (step, stride) => {
      const { images, boxes, labels, masks } = await loader.batch(name, step, stride);
      return { images, boxes, labels, ...(masks && maskFeeds(masks, maxObjects, loading.size)) };
    },
    identify: (step) => loader.identify(name, step),
    images: () => loadedImages(chosen, loader, inOrder(name)),
  };
}

function configOf(
  name: string,
  size: number,
  indices: ArrayLike<number> | undefined,
  augment: AugmentationOptions | undefined,
): Json {
  return {
    name,
    size,
    ...(indices && { indices: Array.from(indices).reduce((hash, index) => hash32(hash, index), 0) }),
    ...(augment && { augment: JSON.parse(JSON.stringify(augment)) as Json }),
  };
}

/** Places that a batch needs: as many as the fullest image has objects; in a mosaic are four images. */
export function placesNeeded(sources: Readonly<Record<string, DetectionSplit>>): number {
  const counts = Object.values(sources).map(
    ({ dataset, augment }) =>
      dataset.records.reduce((most, record) => Math.max(most, targetCount(record)), 1) *
      (augment?.mosaic ? MOSAIC_SIZE : 1),
  );
  return Math.max(...counts);
}

/** @throws NatsError `feed` naming an image that has more objects than places, before a training starts */
export function checkPlaces(sources: Readonly<Record<string, DetectionSplit>>, maxObjects: number): void {
  for (const [name, { dataset }] of Object.entries(sources)) {
    const fuller = dataset.records.find((record) => targetCount(record) > maxObjects);
    check(fuller === undefined, 'feed', () => ({
      rule: 'an image has no more objects than a batch has places for',
      received: `${targetCount(fuller!)} objects in ${fuller!.id}`,
      limit: `${maxObjects} (maxObjects); onTooMany 'drop' leaves out the smallest`,
      where: name,
    }));
  }
}

function targetCount({ objects }: DatasetRecord): number {
  return objects.reduce((count, { crowd }) => (crowd ? count : count + 1), 0);
}
