import { hash32, seedOf } from '@nats/graph';
import { type ImageDataset, imageDataset } from '@nats/train/core';
import { mnistImages } from './mnist-detection.js';

/** The made dataset of one digit on a texture, for pretraining (`mnistTextures`). */
export interface MnistTexturesOptions {
  readonly digits: ImageDataset;
  readonly size: number;
  readonly seed: number;
  /** Side of the square images; default 64. */
  readonly imageSize?: number;
  /** Longer side of the digit, at least and at most; default a quarter to seven eighths of the image. */
  readonly side?: readonly [number, number];
}

/**
 * One digit of random scale on a textured background, with its label: what a backbone for MNIST-detection is pretrained
 * on as a classifier.
 */
export async function mnistTextures(options: MnistTexturesOptions): Promise<ImageDataset> {
  const { digits, size, seed, imageSize = 64 } = options;
  const side = options.side ?? [imageSize / 4, (imageSize * 7) / 8];
  const own = hash32(seedOf(seed, 'textures'), 0);
  const made = mnistImages({ digits, size, seed: own, imageSize, count: [1, 1], side });
  const images = new Uint8Array(size * imageSize * imageSize);
  const labels = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    images.set(made.image(i).pixels, i * imageSize * imageSize);
    labels[i] = made.objects(i)[0]!.label;
  }
  const shape = { channels: 1, height: imageSize, width: imageSize };
  return imageDataset({
    name: `mnist-textures/${digits.name}/${seed}`,
    images,
    labels,
    classes: digits.classes,
    ...shape,
  });
}
