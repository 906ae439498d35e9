import { check, type Feeds, type TensorData } from '@nats/graph';
import { createNormalizer } from '@nats/train/core';
import type { DecodedImage } from '../data/decoded-image.js';
import { letterbox, placeImage } from '../data/placement.js';
import type { DetectorConvention } from './convention.js';

/** Feeds of a file for decoded images: one run for each item. */
export function modelFeeds({ input }: Pick<DetectorConvention, 'input'>, images: readonly DecodedImage[]): Feeds {
  // onnxruntime ends the whole process (SIGFPE) for a batch of none.
  check(images.length > 0, 'feed', () => ({ rule: 'a batch has at least one image', received: 'none' }));
  for (const image of images) {
    check(image.channels === input.channels, 'feed', () => ({
      rule: 'an image has as many channels as the detector takes',
      received: `${image.channels}`,
      limit: `${input.channels}`,
    }));
  }
  if (input.preprocessing === 'model') return { [input.name]: rawImages(images, input.layout) };
  const [height, width] = input.size;
  const normalize = createNormalizer({ channels: input.channels, height, width }, input.statistics);
  const placed = images.map(
    (image) => placeImage(image, letterbox(image, input.size), input.size, input.letterbox.padValue).pixels,
  );
  return { [input.name]: normalize(placed) };
}

function rawImages(images: readonly DecodedImage[], layout: 'NCHW' | 'NHWC'): TensorData {
  const { channels, height, width } = images[0]!;
  const area = height * width;
  const data = new Uint8Array(images.length * channels * area);
  for (const [n, image] of images.entries()) {
    check(image.height === height && image.width === width, 'feed', () => ({
      rule: 'a batch that a detector letterboxes itself has images of one size',
      received: `${image.width} x ${image.height} and ${width} x ${height} pixels`,
      limit: 'one run for each size',
    }));
    const start = n * channels * area;
    if (layout === 'NCHW') data.set(image.pixels, start);
    else {
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < area; i++) data[start + i * channels + c] = image.pixels[c * area + i]!;
      }
    }
  }
  const shape = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  return { dtype: 'uint8', shape: [images.length, ...shape], data };
}
