import { check, type Feeds, hash32, seedOf } from '@nats/graph';
import { exampleAt, type Json, type Normalizer } from '@nats/train';
import type { AugmentationOptions } from '../augment/index.js';
import { MOSAIC_SIZE } from '../augment/mosaic.js';
import { cached, type DetectionDataset, detectionSubset } from '../data/dataset.js';
import { type Dataset, type DatasetRecord, selectRecords } from '../data/records.js';
import { createLoader, type Loader, type LoaderOptions } from '../loader/index.js';
import { detectionFeeds } from './batch.js';
import { type EvaluationImages, exampleImages, loadedImages } from './evaluation-images.js';
import { exampleMasks, maskFeeds } from './mask-feeds.js';

/** Images of one split. */
export interface DetectionSplit {
  /** Annotated images, which a loader decodes, augments and letterboxes in threads; or ready examples. */
  readonly dataset: Dataset | DetectionDataset;
  /** Positions of its images in the dataset; default all. `divideIndices` makes the halves of a search. */
  readonly indices?: ArrayLike<number>;
  /** Of annotated images, in training; never in evaluations. Default: none. */
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
  readonly evaluationBatch: number;
  readonly seed: number;
  readonly maxObjects: number;
  /** Whether batches have masks. */
  readonly masks: boolean;
  readonly normalize: Normalizer;
  readonly cache?: boolean;
  /** For annotated images. */
  readonly loading: Pick<LoaderOptions, 'statistics' | 'onTooMany' | 'workers' | 'prefetch' | 'decode' | 'padValue'> & {
    readonly channels: 1 | 3;
    readonly size: readonly [number, number];
  };
}

export interface OpenSplits {
  readonly splits: ReadonlyMap<string, OpenSplit>;
  close(): Promise<void>;
}

/** One loader for all splits of annotated images, so that there is one set of threads. */
export function openSplits(sources: Readonly<Record<string, DetectionSplit>>, options: SplitOptions): OpenSplits {
  const records = Object.entries(sources).flatMap(([name, source]): [string, RecordSplit][] =>
    'records' in source.dataset ? [[name, { ...source, dataset: source.dataset }]] : [],
  );
  const loader = records.length === 0 ? undefined : openLoader(records, options);
  const known = new Map(records);
  const splits = Object.entries(sources).map(([name, source]): [string, OpenSplit] => {
    const split = known.get(name);
    return [name, split ? recordSplit(name, split, loader!, options) : exampleSplit(name, source, options)];
  });
  return { splits: new Map(splits), close: async () => loader?.close() };
}

type RecordSplit = DetectionSplit & { readonly dataset: Dataset };

const inOrder = (name: string) => `${name}, in order`;

function openLoader(splits: readonly [string, RecordSplit][], options: SplitOptions): Loader {
  const { batchSize, evaluationBatch, seed, maxObjects, masks, cache = false, loading } = options;
  return createLoader({
    ...loading,
    masks,
    splits: Object.fromEntries(
      splits.flatMap(([name, { dataset, indices, augment }]) => {
        const images = { dataset, ...(indices && { indices }) };
        return [
          [name, { ...images, ...(augment && { augment }) }],
          [inOrder(name), { ...images, shuffle: false, targets: false, batchSize: evaluationBatch }],
        ];
      }),
    ),
    batchSize,
    seed,
    maxObjects,
    cache,
  });
}

function recordSplit(
  name: string,
  { dataset, indices, augment }: RecordSplit,
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

function exampleSplit(name: string, { dataset, indices, augment }: DetectionSplit, options: SplitOptions): OpenSplit {
  const { batchSize, evaluationBatch, seed, maxObjects, masks, normalize, cache = true, loading } = options;
  check(augment === undefined, 'unsupported', () => ({
    rule: 'annotated images are augmented, ready examples are taken as they are',
    received: 'augment for a dataset of ready examples',
    limit: 'a Dataset: readCoco, readVoc, readYolo, mnistDetectionRecords',
    where: name,
  }));
  const whole = dataset as DetectionDataset;
  const chosen = indices ? detectionSubset(whole, indices) : whole;
  const examples = cache ? cached(chosen) : chosen;
  const own = seedOf(seed, name);
  const places = (step: number) =>
    Array.from({ length: batchSize }, (_, i) => exampleAt(examples.size, own, step * batchSize + i));
  return {
    size: examples.size,
    config: configOf(examples.name, examples.size, indices, undefined),
    batch: async (step) => {
      const chosen = await Promise.all(places(step).map((i) => examples.example(i)));
      return {
        ...detectionFeeds(chosen, normalize, maxObjects),
        ...(masks && maskFeeds(chosen.map(exampleMasks), maxObjects, loading.size)),
      };
    },
    identify: (step) => places(step).map((i) => `${examples.name}/${indices ? indices[i] : i}`),
    images: () => exampleImages(examples, normalize, evaluationBatch, masks),
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

/** Places of ready examples, whose objects are not known beforehand. */
const EXAMPLE_PLACES = 16;

/** Places that a batch needs: as many as the fullest image of annotated splits has objects; in a mosaic are four images. */
export function placesNeeded(sources: Readonly<Record<string, DetectionSplit>>): number {
  const counts = Object.values(sources).map(({ dataset, augment }) =>
    'records' in dataset
      ? dataset.records.reduce((most, record) => Math.max(most, targetCount(record)), 1) *
        (augment?.mosaic ? MOSAIC_SIZE : 1)
      : EXAMPLE_PLACES,
  );
  return Math.max(...counts);
}

/** @throws NatsError `feed` naming an image that has more objects than places, before a training starts */
export function checkPlaces(sources: Readonly<Record<string, DetectionSplit>>, maxObjects: number): void {
  for (const [name, { dataset }] of Object.entries(sources)) {
    if (!('records' in dataset)) continue;
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
