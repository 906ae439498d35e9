import type { TensorData } from '@nats/graph';
import type { Normalizer, Rank } from '@nats/train';
import {
  type CocoDatasetFile,
  type CocoObject,
  cocoCategoryIds,
  cocoGroundTruth,
  cocoImageIds,
} from '../data/coco-ground-truth.js';
import type { DetectionDataset, DetectionExample } from '../data/dataset.js';
import { type AxisMap, drawMask, isUnmoved, moveMask, type ObjectMask } from '../data/object-mask.js';
import { boxesInImage, type Placement } from '../data/placement.js';
import type { Dataset, Segmentation } from '../data/records.js';
import type { Loader } from '../loader/index.js';
import { maskArea } from '../masks/mask-runs.js';
import { cocoMask } from '../masks/segmentation.js';
import { checkExampleMasks } from './mask-feeds.js';

/** What a detector sees of some images, and where these lie on its canvas. */
export interface EvaluationBatch {
  /** Position among all batches: 0, 1, … */
  readonly index: number;
  /** float32 `[B, C, H, W]`, normalised; the last batch of all is filled up. */
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

/**
 * Ready examples; their boxes and masks are the ground truth.
 * @param masks whether there must be some
 */
export function exampleImages(
  dataset: DetectionDataset,
  normalize: Normalizer,
  batch: number,
  masks = false,
): EvaluationImages {
  const images: CocoDatasetFile['images'][number][] = [];
  const annotations: CocoObject[] = [];
  const categories = dataset.classes.map((name, label) => ({ id: label + 1, name }));
  const note = (example: DetectionExample) => {
    if (masks) checkExampleMasks(example);
    images.push({ id: images.length + 1, file_name: example.id, ...originalSize(example) });
    for (const object of objectsOf(example)) {
      annotations.push({ id: annotations.length + 1, image_id: images.length, ...object });
    }
  };
  return {
    batches: async function* () {
      images.length = 0;
      annotations.length = 0;
      for (let start = 0; start < dataset.size; start += batch) {
        const count = Math.min(batch, dataset.size - start);
        const examples = await Promise.all(Array.from({ length: count }, (_, i) => dataset.example(start + i)));
        examples.forEach(note);
        // The last batch is filled up with its first image.
        const full = Array.from({ length: batch }, (_, i) => (examples[i] ?? examples[0]!).pixels);
        yield {
          index: start / batch,
          images: normalize(full),
          placements: examples.map(({ placement }) => placement),
          sizes: examples.map(originalSize),
        };
      }
    },
    groundTruth: () => ({ images, categories, annotations }),
    imageIds: Array.from({ length: dataset.size }, (_, i) => i + 1),
    categoryIds: categories.map(({ id }) => id),
  };
}

function originalSize({ width, height, placement }: DetectionExample): { width: number; height: number } {
  if (!placement) return { width, height };
  return {
    width: Math.round(placement.width / placement.scaleX),
    height: Math.round(placement.height / placement.scaleY),
  };
}

function objectsOf(example: DetectionExample) {
  const { boxes, labels, masks, placement } = example;
  const original = placement ? boxesInImage(boxes, placement) : boxes;
  return Array.from(labels, (label, k) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = original.subarray(k * 4, k * 4 + 4);
    return {
      category_id: label + 1,
      bbox: [x1, y1, x2 - x1, y2 - y1] as const,
      area: (x2 - x1) * (y2 - y1),
      ...(masks && originalMask(masks[k]!, example)),
    };
  });
}

/** The mask of an object, and its area, in pixels of the original image. */
function originalMask(mask: ObjectMask, example: DetectionExample): { segmentation: Segmentation; area: number } {
  const size = originalSize(example);
  const { placement } = example;
  const original = placement ? moveMask(mask, inverseOf(placement)) : mask;
  const drawn = drawMask(original, size);
  return { segmentation: isUnmoved(original, size) ? mask.segmentation : cocoMask(drawn), area: maskArea(drawn) };
}

function inverseOf({ x, y, scaleX, scaleY }: Placement): AxisMap {
  return { x: -x / scaleX, y: -y / scaleY, scaleX: 1 / scaleX, scaleY: 1 / scaleY };
}
