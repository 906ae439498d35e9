import { check, hash32, hashUniform, seedOf } from '@nats/graph';
import type { ImageDataset, ImageSize } from '@nats/train/core';
import { encodeMaskPart, maskArea, type RleMask } from '../masks/rle-mask.js';
import { cocoMask } from '../masks/segmentation.js';

import type { Box } from './box.js';
import type { Dataset, DatasetObject, DatasetRecord } from './dataset.js';
import type { DecodedImage } from './decoded-image.js';
import { texture } from './texture.js';

/** The made dataset of digits to be found (`mnistDetection`). */
export interface MnistDetectionOptions {
  /** Digits to place: MNIST's training half for training sets, its test half for test sets. */
  readonly digits: ImageDataset;
  /** Number of images; image i is the same in sets of any size. */
  readonly size: number;
  readonly seed: number;
  /** Sides of the square images; default 128. */
  readonly imageSize?: number;
  /** Digits in an image, at least and at most; default 1 to 6. */
  readonly count?: readonly [number, number];
  /** Longer side of a digit in pixels, at least and at most, log-uniform; default 16 to 112. */
  readonly side?: readonly [number, number];
  /** Digits are widened by a factor in this range, log-uniform, before they get their size; default: none is. */
  readonly widening?: readonly [number, number];
  /** Digits overlap by at most this share of the smaller box; default 0.05. */
  readonly overlap?: number;
  /** Brightness that a digit adds to its background, at least and at most; default 0.3 to 0.75. */
  readonly contrast?: readonly [number, number];
  /** Give each digit a mask, the pixels of its ink. Areas of objects are then those of masks, as in COCO. Default false. */
  readonly masks?: boolean;
}

/** Attempts to find a free place for a digit before it is left out. */
const ATTEMPTS = 40;
/** Darker pixels of a digit do not count as ink. */
const INK = 40;

/**
 * MNIST-detection: real handwritten digits at many scales on textured backgrounds, gray. Boxes are known now, pixels are made
 * when they are first asked for, and kept. Image i depends on the seed, i and the digits alone.
 */
export function mnistDetection(options: MnistDetectionOptions): Dataset {
  const { digits, seed, size, imageSize = 128 } = options;
  const name = `mnist-detection/${digits.name}/${seed}`;
  const images = mnistImages(options);
  const records = Array.from({ length: size }, (_, index): DatasetRecord => {
    let made: DecodedImage | undefined;
    const load = () => (made ??= images.image(index));
    return {
      id: `${name}/${index}`,
      source: { load },
      width: imageSize,
      height: imageSize,
      objects: images.objects(index),
    };
  });
  return { name, classes: digits.classes, records, problems: [] };
}

/** Images of MNIST-detection by their index, made anew by each call. */
export interface MnistImages {
  objects(index: number): DatasetObject[];
  /** Gray. */
  image(index: number): DecodedImage;
}

/** @throws NatsError `attribute` for digits that do not fit the image */
export function mnistImages(options: MnistDetectionOptions): MnistImages {
  const { digits, imageSize = 128, side = [16, 112] } = options;
  check(side[0] >= 4 && side[0] <= side[1] && side[1] <= imageSize, 'attribute', () => ({
    rule: 'digits are at least 4 pixels and at most as large as the image',
    received: `${side[0]} to ${side[1]}`,
    limit: `4 to ${imageSize}`,
  }));
  const [least, most] = options.widening ?? [1, 1];
  check(least > 0 && least <= most && Number.isFinite(most), 'attribute', () => ({
    rule: 'digits are widened by positive factors, from less to more',
    received: `${least} to ${most}`,
    where: 'widening',
  }));
  const maskOf = (digit: Placed) => {
    const mask = inkMask(digit, inkOf(digits, digit), imageSize);
    return { segmentation: cocoMask(mask), area: maskArea(mask) };
  };
  return {
    objects: (index) =>
      layoutOf(index, options).placed.map((digit) => ({
        box: boxOf(digit),
        label: digit.label,
        ...(options.masks && maskOf(digit)),
      })),
    image: (index) => drawnImage(index, options),
  };
}

/** Where a digit goes, in whole pixels. */
interface Placed extends ScaledDigit {
  readonly x: number;
  readonly y: number;
  readonly contrast: number;
}

interface Layout {
  /** Largest first. */
  readonly placed: readonly Placed[];
  /** Brightness of the background. */
  readonly base: number;
  readonly textureSeed: number;
}

/** What is where in image `index`. */
function layoutOf(index: number, options: MnistDetectionOptions): Layout {
  const { digits, imageSize = 128, count = [1, 6], side = [16, 112], overlap = 0.05, contrast = [0.3, 0.75] } = options;
  const seed = hash32(seedOf(options.seed, digits.name), index);
  let draws = 0;
  const random = () => hashUniform(seed, draws++);
  const within = ([low, high]: readonly [number, number]) => low + (high - low) * random();
  const number = count[0] + Math.floor(random() * (count[1] - count[0] + 1));
  const logUniform = ([low, high]: readonly [number, number]) => low * (high / low) ** random();
  const sides = Array.from({ length: number }, () => logUniform(side)).sort((a, b) => b - a);
  const placed: Placed[] = [];
  // Largest first: small digits find room between large ones, not the other way round.
  for (const target of sides) {
    const chosen = Math.floor(random() * digits.size);
    const digit = scaledDigit(digits, chosen, Math.round(target), options.widening ? logUniform(options.widening) : 1);
    const strength = within(contrast);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const x = Math.floor(random() * (imageSize - digit.width + 1));
      const y = Math.floor(random() * (imageSize - digit.height + 1));
      const candidate = { ...digit, x, y, contrast: strength };
      if (placed.some((other) => overlapShare(other, candidate) > overlap)) continue;
      placed.push(candidate);
      break;
    }
  }
  return { placed, base: 0.1 + 0.3 * random(), textureSeed: hash32(seed, -1) };
}

function drawnImage(index: number, options: MnistDetectionOptions): DecodedImage {
  const { digits, imageSize = 128 } = options;
  const { placed, base, textureSeed } = layoutOf(index, options);
  const canvas = texture(textureSeed, { height: imageSize, width: imageSize, base, amplitude: 0.2, pixelNoise: 0.05 });
  for (const digit of placed) addInk(canvas, imageSize, digit, inkOf(digits, digit));
  return { channels: 1, height: imageSize, width: imageSize, pixels: toBytes(canvas) };
}

/** Where a digit is at least as dark as its bounds' ink. */
function inkMask(digit: Placed, ink: Float32Array, imageSize: number): RleMask {
  const pixels = ink.map((value) => (value * 255 >= INK ? 1 : 0));
  return encodeMaskPart(pixels, digit, { height: imageSize, width: imageSize });
}

function boxOf({ x, y, width, height }: Placed): Box {
  return [x, y, x + width, y + height];
}

/** 0 to 1 as 0 to 255, rounded; values outside are cut. */
function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = 255 * values[i]!;
  return new Uint8Array(bytes.buffer);
}

function addInk(
  canvas: Float32Array,
  size: number,
  { x, y, width, height, contrast }: Placed,
  ink: Float32Array,
): void {
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      canvas[(y + row) * size + x + column]! += contrast * ink[row * width + column]!;
    }
  }
}

function overlapShare(a: Placed, b: Placed): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / Math.min(a.width * a.height, b.width * b.height);
}

/** A digit of MNIST and the size it is drawn in. */
interface ScaledDigit {
  /** Its number in the set of digits. */
  readonly digit: number;
  readonly label: number;
  readonly width: number;
  readonly height: number;
  /** x1, y1, x2, y2 of its ink in the digit's own pixels. */
  readonly bounds: Box;
}

/** The size of a digit, cropped to its ink and widened, whose longer side has `side` pixels. */
function scaledDigit(digits: ImageDataset, digit: number, side: number, widening: number): ScaledDigit {
  const bounds = inkBounds(digits.image(digit), digits);
  const [x1, y1, x2, y2] = bounds;
  const [width, height] = [(x2 - x1) * widening, y2 - y1];
  const scale = side / Math.max(width, height);
  const scaled = (length: number) => Math.max(2, Math.round(length * scale));
  return { digit, label: digits.label(digit), width: scaled(width), height: scaled(height), bounds };
}

/** The ink of a digit in its size, 0 to 1, bilinear. */
function inkOf(digits: ImageDataset, { digit, width, height, bounds: [x1, y1, x2, y2] }: ScaledDigit): Float32Array {
  const pixels = digits.image(digit);
  const ink = new Float32Array(width * height);
  const columns = samplePositions(x1, x2, width, digits.width);
  const rows = samplePositions(y1, y2, height, digits.height);
  for (let row = 0; row < height; row++) {
    const [top, bottom] = [rows.near[row]! * digits.width, rows.far[row]! * digits.width];
    for (let column = 0; column < width; column++) {
      const [left, right] = [columns.near[column]!, columns.far[column]!];
      const share = columns.share[column]!;
      const upper = pixels[top + left]! + (pixels[top + right]! - pixels[top + left]!) * share;
      const lower = pixels[bottom + left]! + (pixels[bottom + right]! - pixels[bottom + left]!) * share;
      ink[row * width + column] = (upper + (lower - upper) * rows.share[row]!) / 255;
    }
  }
  return ink;
}

/** Between which two pixels each sample lies, for `count` samples of the span from `start` to `end` of `size` pixels. */
function samplePositions(start: number, end: number, count: number, size: number) {
  const positions = Float32Array.from({ length: count }, (_, i) =>
    Math.min(size - 1, Math.max(0, start + ((i + 0.5) * (end - start)) / count - 0.5)),
  );
  const near = Int32Array.from(positions, Math.floor);
  return {
    near,
    far: near.map((at) => Math.min(size - 1, at + 1)),
    share: positions.map((position, i) => position - near[i]!),
  };
}

/** x1, y1, x2, y2 of the ink, ends exclusive; the whole image if there is none. */
function inkBounds(pixels: Uint8Array, { width, height }: ImageSize): Box {
  let x1 = width;
  let y1 = height;
  let x2 = 0;
  let y2 = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (pixels[y * width + x]! < INK) continue;
      if (x < x1) x1 = x;
      if (x >= x2) x2 = x + 1;
      if (y < y1) y1 = y;
      y2 = y + 1;
    }
  }
  return x2 > x1 ? [x1, y1, x2, y2] : [0, 0, width, height];
}
