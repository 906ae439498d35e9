import { NatsError } from '@nats/graph';
import type { PixelStatistics } from '@nats/space';
import { createNormalizer } from '@nats/train/core';
import { type AugmentationOptions, augmentSample } from '../augment/augment-sample.js';
import { movedMasks, selectObjects } from '../augment/objects.js';
import { type DecodeOptions, loadRecordImage } from '../data/decode-image.js';
import type { DecodedImage } from '../data/decoded-image.js';
import type { DetectionSample } from '../data/detection-sample.js';
import { drawMask, type ObjectMask } from '../data/object-mask.js';
import { boxesOnCanvas, type CanvasSize, letterbox, type Placement, placeImage } from '../data/placement.js';
import type { RleMask } from '../masks/rle-mask.js';

/** What stays the same for all batches of a loader. Plain data: it is sent to workers. */
export interface BatchConfig {
  readonly channels: 1 | 3;
  readonly statistics: PixelStatistics;
  readonly padValue: number;
  /** Places for objects in an image. */
  readonly maxObjects: number;
  /** What happens to an image with more: an error, or its smallest objects are left out. */
  readonly onTooMany: 'error' | 'drop';
  readonly decode: Omit<DecodeOptions, 'channels'>;
}

/** One image as a worker gets it. */
export interface ImageTask {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly boxes: Float32Array;
  readonly labels: Int32Array;
  readonly masks?: readonly ObjectMask[];
  /** Where its pixels are. */
  readonly file?: string;
  readonly decoded?: DecodedImage;
  /** If present, the decoded image is given back, to be kept under this number. */
  readonly keep?: number;
}

export interface BatchTask {
  readonly size: CanvasSize;
  /** Of the augmentation and its images; the first image is the one that counts. */
  readonly images: readonly { readonly seed: number; readonly images: readonly ImageTask[] }[];
  readonly augment?: AugmentationOptions;
}

export interface BatchArrays {
  /** `[B, C, H, W]` */
  readonly images: Float32Array;
  /** `[B, M, 4]` */
  readonly boxes: Float32Array;
  /** `[B, M]`, -1 behind the last object. */
  readonly labels: Int32Array;
  /** `[B]` */
  readonly counts: Int32Array;
  /** Of each image's objects, in pixels of the canvas; if the tasks have masks. */
  readonly masks?: readonly (readonly RleMask[])[];
  /** None for a mosaic. */
  readonly placements: readonly (Placement | undefined)[];
  readonly decoded: ReadonlyMap<number, DecodedImage>;
}

/** Decodes, augments, letterboxes, normalizes and pads. A pure function of the files and its arguments. */
export async function makeBatch({ size, images, augment }: BatchTask, config: BatchConfig): Promise<BatchArrays> {
  const decoded = new Map<number, DecodedImage>();
  const samples: Placed[] = [];
  const masks: RleMask[][] = [];
  const [height, width] = size;
  for (const { seed, images: tasks } of images) {
    try {
      const sources: DetectionSample[] = [];
      for (const task of tasks) sources.push(await sampleOf(task, config, decoded));
      const sample = limited(placed(sources, size, augment, seed, config), tasks[0]!, config);
      samples.push(sample);
      if (sample.masks) masks.push(sample.masks.map((mask) => drawMask(mask, { height, width })));
    } catch (error) {
      // Errors with a code (NatsErrors, IO errors) name their file; any other is a mistake of ours.
      if (error instanceof Error && !('code' in error)) error.message = `image ${tasks[0]!.id}: ${error.message}`;
      throw error;
    }
  }
  const { channels, statistics, maxObjects } = config;
  const normalize = createNormalizer({ channels, height, width }, statistics);
  const boxes = new Float32Array(samples.length * maxObjects * 4);
  const labels = new Int32Array(samples.length * maxObjects).fill(-1);
  for (const [i, sample] of samples.entries()) {
    boxes.set(sample.boxes, i * maxObjects * 4);
    labels.set(sample.labels, i * maxObjects);
  }
  return {
    images: normalize(samples.map(({ pixels }) => pixels)).data as Float32Array,
    boxes,
    labels,
    counts: Int32Array.from(samples, (sample) => sample.labels.length),
    ...(samples.every((sample) => sample.masks) && { masks }),
    placements: samples.map(({ placement }) => placement),
    decoded,
  };
}

type Placed = DetectionSample & { readonly placement?: Placement };

async function sampleOf(
  task: ImageTask,
  { channels, decode }: BatchConfig,
  decoded: Map<number, DecodedImage>,
): Promise<DetectionSample> {
  const { id, width, height, boxes, labels, masks, file, keep } = task;
  const known = task.decoded;
  const source = known ? { load: () => known } : { file: file! };
  const image = await loadRecordImage({ id, width, height, source }, { ...decode, channels });
  if (keep !== undefined) decoded.set(keep, image);
  return { ...image, boxes, labels, ...(masks && { masks }) };
}

function placed(
  sources: readonly DetectionSample[],
  size: CanvasSize,
  augment: AugmentationOptions | undefined,
  seed: number,
  { padValue }: BatchConfig,
): Placed {
  if (augment) return augmentSample(sources, augment, { size, padValue }, seed);
  const [sample] = sources as [DetectionSample];
  const placement = letterbox(sample, size);
  return {
    ...placeImage(sample, placement, size, padValue),
    boxes: boxesOnCanvas(sample.boxes, placement),
    labels: sample.labels,
    ...movedMasks(sample, placement),
    placement,
  };
}

function limited(sample: Placed, { id, file }: ImageTask, { maxObjects, onTooMany }: BatchConfig): Placed {
  const count = sample.labels.length;
  if (count <= maxObjects) return sample;
  if (onTooMany === 'error') {
    throw new NatsError('feed', {
      rule: 'an image has no more objects than a batch has places for',
      received: `${count} objects`,
      limit: `${maxObjects} (maxObjects); onTooMany 'drop' leaves out the smallest`,
      where: file === undefined || file === id ? id : `image ${id}, ${file}`,
    });
  }
  const { boxes } = sample;
  const area = (i: number) => (boxes[i * 4 + 2]! - boxes[i * 4]!) * (boxes[i * 4 + 3]! - boxes[i * 4 + 1]!);
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => area(b) - area(a) || a - b);
  const kept = order.slice(0, maxObjects).sort((a, b) => a - b);
  return { ...sample, ...selectObjects(sample, kept) };
}
