import { check } from '@nats/graph';
import { shuffled } from './shuffle.js';

/** Size of images in memory, `[C, H, W]`. */
export interface ImageSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Labelled images of one size in memory. */
export interface ImageDataset extends ImageSize {
  readonly name: string;
  /** Number of images. */
  readonly size: number;
  /** Names of the classes; labels are positions in it. */
  readonly classes: readonly string[];
  /** uint8 `[C, H, W]`, 0 to 255. A view: not to be written. */
  image(index: number): Uint8Array;
  label(index: number): number;
  /** A name for messages. */
  identify(index: number): string;
}

/** Decoded images of one size with their labels. */
export interface ImageArrays extends ImageSize {
  readonly name: string;
  /** `[count, C, H, W]`, row-major. */
  readonly images: Uint8Array;
  readonly labels: ArrayLike<number>;
  readonly classes: readonly string[];
  /** Names of the images, such as file names; default: their numbers. */
  readonly names?: readonly string[];
}

/**
 * A dataset of images in memory.
 * @throws NatsError if sizes, labels and classes do not fit each other
 * @throws NatsError `shape` if images and labels do not fit each other, `attribute` for a label without a class
 */
export function imageDataset(arrays: ImageArrays): ImageDataset {
  const { name, images, labels, classes, channels, height, width, names } = arrays;
  const pixels = channels * height * width;
  check(images.length === labels.length * pixels, 'shape', () => ({
    rule: 'a dataset has one label for each image',
    received: `${images.length} bytes of images and ${labels.length} labels`,
    limit: `${pixels} bytes an image`,
    where: name,
  }));
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    check(Number.isInteger(label) && label >= 0 && label < classes.length, 'attribute', () => ({
      rule: 'a label is the number of a class',
      received: String(label),
      limit: `0 to ${classes.length - 1}`,
      where: `${name}, image ${i}`,
    }));
  }
  return {
    name,
    size: labels.length,
    channels,
    height,
    width,
    classes,
    image: (index) => images.subarray(index * pixels, (index + 1) * pixels),
    label: (index) => labels[index]!,
    identify: (index) => names?.[index] ?? `${name}/${index}`,
  };
}

/** Some images of a dataset, in the given order. */
export function subset(dataset: ImageDataset, indices: ArrayLike<number>): ImageDataset {
  return {
    ...dataset,
    size: indices.length,
    image: (index) => dataset.image(indices[index]!),
    label: (index) => dataset.label(indices[index]!),
    identify: (index) => dataset.identify(indices[index]!),
  };
}

/**
 * Divides a dataset at random, as a search needs it for weights and architecture.
 * @param share of the first part, 0 to 1
 * @returns two parts without a common image
 */
export function divide(dataset: ImageDataset, share: number, seed = 0): [ImageDataset, ImageDataset] {
  check(share >= 0 && share <= 1, 'attribute', () => ({ rule: 'a share is between 0 and 1', received: String(share) }));
  const order = Int32Array.from({ length: dataset.size }, (_, i) => shuffled(dataset.size, seed, i));
  const count = Math.round(share * dataset.size);
  return [subset(dataset, order.subarray(0, count)), subset(dataset, order.subarray(count))];
}
