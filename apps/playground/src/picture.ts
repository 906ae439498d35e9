/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { DecodedImage } from '@nats/detect/core';

/** A picture as it is shown, which every detector takes in its own channels. */
export interface Picture {
  readonly bitmap: ImageBitmap;
  /** RGBA, row by row. */
  readonly rgba: Uint8ClampedArray;
}

/** @throws DOMException for what the browser can not decode */
export async function readPicture(file: ImageBitmapSource): Promise<Picture> {
  const bitmap = await createImageBitmap(file);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  return { bitmap, rgba: context.getImageData(0, 0, bitmap.width, bitmap.height).data };
}

/** Red, green and blue, or one gray, which is their luminance (ITU-R BT.601). */
export function imageOf(
  { width, height }: { width: number; height: number },
  rgba: ArrayLike<number>,
  channels: number,
): DecodedImage {
  const count = width * height;
  const pixels = new Uint8Array(channels * count);
  for (let i = 0; i < count; i++) {
    const [red, green, blue] = [rgba[4 * i]!, rgba[4 * i + 1]!, rgba[4 * i + 2]!];
    if (channels === 1) pixels[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    else for (const [c, value] of [red, green, blue].entries()) pixels[c * count + i] = value;
  }
  return { channels, width, height, pixels };
}
