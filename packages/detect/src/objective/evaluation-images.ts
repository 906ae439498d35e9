import type { TensorData } from '@nats/graph';
import type { Rank } from '@nats/train/core';
import { type CocoDatasetFile, cocoCategoryIds, cocoGroundTruth, cocoImageIds } from '../data/coco-ground-truth.js';
import type { Dataset } from '../data/dataset.js';
import type { Placement } from '../data/placement.js';
import type { Loader } from '../loader/index.js';

/** What a detector sees of some images, and where these lie on its canvas. */
export interface EvaluationBatch {
  /** Position among all batches: 0, 1, … */
  readonly index: number;
  /** float32 `[B, C, H, W]`, normalized; the last batch of all is filled up. */
  readonly images: TensorData;
  /** One for each image that counts; none for an image that is its own canvas. */
  readonly placements: readonly (Placement | undefined)[];
  /** Width and height of the originals. */
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
}

/** The images of an evaluation, each once and in order; only a batch or a few are in memory. */
export interface EvaluationImages {
  /** @param rank of the process whose batches are wanted: every `size`-th from `rank` on; default: all */
  batches(rank?: Rank): AsyncIterable<EvaluationBatch>;
  /** In pixels of the original images. Complete after the last batch. */
  groundTruth(): CocoDatasetFile;
  /** Numbers of images and classes in COCO's files. */
  readonly imageIds: readonly number[];
  readonly categoryIds: readonly number[];
}

/** Annotated images that come from a loader's split: not shuffled, not augmented, indices those of `dataset`. */
export function loadedImages(dataset: Dataset, loader: Loader, split: string): EvaluationImages {
  const { size, steps } = loader.splits[split]!;
  return {
    batches: async function* ({ rank, size: ranks } = { rank: 0, size: 1 }) {
      for (let index = rank; index < steps; index += ranks) {
        const { images, placements } = await loader.batch(split, index, ranks);
        const { length } = placements;
        const records = dataset.records.slice(index * length, Math.min(size, (index + 1) * length));
        yield { index, images, placements: placements.slice(0, records.length), sizes: records };
      }
    },
    groundTruth: () => cocoGroundTruth(dataset),
    imageIds: cocoImageIds(dataset),
    categoryIds: cocoCategoryIds(dataset),
  };
}
