import { hash32, hashUniform } from '@nats/graph';
import type { DetectionSample } from '../data/detection-sample.js';
import { letterbox, type Placement } from '../data/placement.js';
import { type ColorOptions, jitterColors } from './color.js';
import { type CropOptions, cropAroundObjects } from './crop.js';
import { flipHorizontally } from './flip.js';
import { MOSAIC_SIZE, type MosaicOptions, mosaic } from './mosaic.js';
import type { Random } from './objects.js';
import { type Canvas, jitterScale, placeSample } from './place.js';

/** What happens to training images, in this order; each only if it is named. Plain data: workers and checkpoints get it. */
export interface AugmentationOptions {
  /** Probability of mirroring left and right. */
  readonly flip?: number;
  readonly crop?: CropOptions;
  readonly color?: ColorOptions;
  /** Log-uniform range of the size relative to the letterbox, such as 0.5 to 1.5; not for images in a mosaic. */
  readonly scale?: readonly [number, number];
  readonly mosaic?: MosaicOptions;
}

/** Streams of random numbers of one image. */
const STREAMS = { mosaic: 0, arrangement: 1, scale: 2, partners: 3, images: 8 } as const;
/** Of each image of a mosaic. */
const IMAGE_STREAMS = { flip: 0, crop: 1, color: 2, count: 3 } as const;

/** How many images the augmentation of one takes: 4 for a mosaic, else 1. A function of the seed alone. */
export function imagesNeeded({ mosaic: options }: AugmentationOptions, seed: number): 1 | typeof MOSAIC_SIZE {
  if (!options) return 1;
  return stream(seed, STREAMS.mosaic)(0) < (options.probability ?? 0.5) ? MOSAIC_SIZE : 1;
}

/** Positions of the further images of a mosaic among `size` ones. */
export function partnersOf(seed: number, size: number): number[] {
  const random = stream(seed, STREAMS.partners);
  return Array.from({ length: MOSAIC_SIZE - 1 }, (_, k) => Math.floor(random(k) * size));
}

/**
 * A training image on its canvas. A pure function: the same seed and images give the same bits.
 * @param samples as many as `imagesNeeded` says, the image itself first
 * @returns with the placement of the (flipped and cropped) image, unless it is a mosaic
 */
export function augmentSample(
  samples: readonly DetectionSample[],
  options: AugmentationOptions,
  canvas: Canvas,
  seed: number,
): DetectionSample & { readonly placement?: Placement } {
  const images = samples.map((sample, i) => augmentImage(sample, options, seed, i));
  const [a, b, c, d] = images;
  if (b && c && d) return mosaic([a!, b, c, d], stream(seed, STREAMS.arrangement), canvas, options.mosaic);
  if (options.scale) return jitterScale(a!, stream(seed, STREAMS.scale), options.scale, canvas);
  return placeSample(a!, letterbox(a!, canvas.size), canvas);
}

function augmentImage(
  sample: DetectionSample,
  { flip = 0, crop, color }: AugmentationOptions,
  seed: number,
  position: number,
): DetectionSample {
  const own = (kind: number) => stream(seed, STREAMS.images + position * IMAGE_STREAMS.count + kind);
  let image = own(IMAGE_STREAMS.flip)(0) < flip ? flipHorizontally(sample) : sample;
  if (crop) image = cropAroundObjects(image, own(IMAGE_STREAMS.crop), crop);
  return color ? jitterColors(image, own(IMAGE_STREAMS.color), color) : image;
}

function stream(seed: number, kind: number): Random {
  const own = hash32(seed, kind);
  return (n) => hashUniform(own, n);
}
