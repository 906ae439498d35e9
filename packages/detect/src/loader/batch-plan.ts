import { check, hash32, seedOf } from '@nats/graph';
import { exampleAt, shuffled } from '@nats/train/core';
import type { AugmentationOptions } from '../augment/augment-sample.js';
import { imagesNeeded, partnersOf } from '../augment/augment-sample.js';
import type { CanvasSize } from '../data/placement.js';

/** Which images of a split make one image of a batch. */
export interface PlannedImage {
  /** Positions in the split's records: the image itself, and three more for a mosaic. */
  readonly images: readonly number[];
  /** Of its augmentation. */
  readonly seed: number;
}

export interface PlannedBatch {
  /** Position in the loader's sizes. */
  readonly bucket: number;
  readonly images: readonly PlannedImage[];
}

export interface PlanOptions {
  readonly seed: number;
  readonly split: string;
  readonly batchSize: number;
  /** The bucket of each image of the split. */
  readonly buckets: ArrayLike<number>;
  /** Number of buckets. */
  readonly bucketCount: number;
  /** False: in the given order, from the beginning in each epoch. */
  readonly shuffle: boolean;
  readonly augment?: AugmentationOptions;
}

/** What is in the batch of a step: 0, 1, …, without end. A pure function of the options and the step. */
export interface BatchPlan {
  (step: number): PlannedBatch;
  /** Batches in which each image is at least once. */
  readonly stepsOfEpoch: number;
}

/**
 * Images in shuffled epochs: every image once in each. With several buckets a batch has images of one; each bucket has
 * its own epochs, and gets batches in proportion to its images, in shuffled order.
 */
export function planBatches(options: PlanOptions): BatchPlan {
  const { seed, split, batchSize, buckets, bucketCount, shuffle, augment } = options;
  const own = seedOf(seed, split);
  const augmentationSeed = seedOf(seed, `${split} augmentation`);
  const members = Array.from({ length: bucketCount }, (_, bucket) =>
    Array.from({ length: buckets.length }, (_, i) => i).filter((i) => buckets[i] === bucket),
  );
  const turnsOf = members.map((images) => Math.ceil(images.length / batchSize));
  const turns = turnsOf.reduce((a, b) => a + b, 0);
  /** The bucket of a step, and how many batches of it came before: in all (shuffled), or in this epoch. */
  const turnOf = (step: number) => {
    if (bucketCount === 1 && shuffle) return { bucket: 0, turn: step };
    const round = Math.floor(step / turns);
    let position = shuffle ? shuffled(turns, hash32(own, round), step % turns) : step % turns;
    let bucket = 0;
    while (position >= turnsOf[bucket]!) position -= turnsOf[bucket++]!;
    return { bucket, turn: shuffle ? round * turnsOf[bucket]! + position : position };
  };
  const imageAt = (bucket: number, place: number) => {
    const images = members[bucket]!;
    if (!shuffle) return images[place % images.length]!;
    return images[exampleAt(images.length, bucketCount === 1 ? own : hash32(own, bucket + 1), place)]!;
  };
  const plan = (step: number): PlannedBatch => {
    const { bucket, turn } = turnOf(step);
    const images = Array.from({ length: batchSize }, (_, i): PlannedImage => {
      const image = imageAt(bucket, turn * batchSize + i);
      const imageSeed = hash32(augmentationSeed, step * batchSize + i);
      const isMosaic = augment !== undefined && imagesNeeded(augment, imageSeed) > 1;
      return { images: isMosaic ? [image, ...partnersOf(imageSeed, buckets.length)] : [image], seed: imageSeed };
    });
    return { bucket, images };
  };
  return Object.assign(plan, { stepsOfEpoch: turns });
}

/**
 * Two parts of the positions 0 … size - 1 without a common one, at random: for a search, which fits weights on one and
 * the architecture on the other.
 * @param share of the first part, 0 to 1
 */
export function divideIndices(size: number, share = 0.5, seed = 0): [Int32Array, Int32Array] {
  check(share >= 0 && share <= 1, 'attribute', () => ({ rule: 'a share is between 0 and 1', received: String(share) }));
  const order = Int32Array.from({ length: size }, (_, i) => shuffled(size, seed, i));
  const count = Math.round(share * size);
  return [order.slice(0, count), order.slice(count)];
}

/** The size whose shape is nearest to an image's: the smallest difference of the logarithms of height / width. */
export function bucketOf({ width, height }: { width: number; height: number }, sizes: readonly CanvasSize[]): number {
  const distances = sizes.map(([h, w]) => Math.abs(Math.log((h * width) / (w * height))));
  return distances.indexOf(Math.min(...distances));
}
