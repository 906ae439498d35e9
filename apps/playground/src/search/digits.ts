/// <reference lib="dom" />

import { count, packed } from 'virtual:digits';
import { type ImageDataset, imageDataset } from '@nats/train/core';

/** Digits of MNIST that came with the page. */
export async function readDigits(): Promise<ImageDataset> {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const data = new Uint8Array(await new Response(stream).arrayBuffer());
  return imageDataset({
    name: 'mnist/first',
    images: data.subarray(count),
    labels: data.subarray(0, count),
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    channels: 1,
    height: 28,
    width: 28,
  });
}
