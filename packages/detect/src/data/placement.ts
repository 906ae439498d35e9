import { check } from '@nats/graph';
import type { DecodedImage } from './decoded-image.js';
import { resizeInto } from './resize.js';

/** Height and width in pixels. */
export type CanvasSize = readonly [number, number];

/** Where an image lies on a canvas: resized to `width` x `height`, its top left corner at `x`, `y` (may be negative). */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Resized by original, in each direction; not quite the same because sizes are whole pixels. */
  readonly scaleX: number;
  readonly scaleY: number;
}

/** Brightness of what no image covers. */
export const PAD_VALUE = 114;

type Size = { readonly width: number; readonly height: number };

/**
 * The letterbox: the largest size of the same shape that fits, at the top left; padding is right or below. Sizes are
 * floor(side * scale + 0.5), at least 1, with scale = min(canvas height / height, canvas width / width).
 * @param zoom further factor; the image may then leave the canvas
 */
export function letterbox({ width, height }: Size, [canvasHeight, canvasWidth]: CanvasSize, zoom = 1): Placement {
  const scale = zoom * Math.min(canvasHeight / height, canvasWidth / width);
  const resized = (side: number) => Math.max(1, Math.floor(side * scale + 0.5));
  return {
    x: 0,
    y: 0,
    width: resized(width),
    height: resized(height),
    scaleX: resized(width) / width,
    scaleY: resized(height) / height,
  };
}

/** A new canvas with the image on it. */
export function placeImage(
  image: DecodedImage,
  placement: Placement,
  size: CanvasSize,
  padValue: number = PAD_VALUE,
): DecodedImage {
  const canvas = blankCanvas(image.channels, size, padValue);
  drawImage(canvas, image, placement);
  return canvas;
}

/** A canvas of one brightness. */
export function blankCanvas(channels: number, [height, width]: CanvasSize, value: number): DecodedImage {
  check(height > 0 && width > 0 && Number.isInteger(height) && Number.isInteger(width), 'attribute', () => ({
    rule: 'a canvas has a height and a width in whole pixels',
    received: `${height} x ${width}`,
  }));
  return { channels, height, width, pixels: new Uint8Array(channels * height * width).fill(value) };
}

/** Draws an image into the canvas, cut at the rectangle `x1, y1, x2, y2` (default: the canvas). Writes `canvas.pixels`. */
export function drawImage(
  canvas: DecodedImage,
  image: DecodedImage,
  { x, y, width, height }: Placement,
  [x1, y1, x2, y2]: readonly [number, number, number, number] = [0, 0, canvas.width, canvas.height],
): void {
  const left = Math.max(x1, x);
  const top = Math.max(y1, y);
  const right = Math.min(x2, x + width);
  const bottom = Math.min(y2, y + height);
  if (right <= left || bottom <= top) return;
  const { pixels } = canvas;
  resizeInto(
    image,
    { width, height },
    { x: left - x, y: top - y, width: right - left, height: bottom - top },
    {
      data: new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length),
      offset: top * canvas.width + left,
      stride: canvas.width,
      planeStride: canvas.width * canvas.height,
    },
  );
}

/** Boxes of the image, rows of x1, y1, x2, y2, as they lie on the canvas. */
export function boxesOnCanvas(boxes: ArrayLike<number>, { x, y, scaleX, scaleY }: Placement): Float32Array {
  return Float32Array.from(boxes, (value, i) => (i % 2 === 0 ? value * scaleX + x : value * scaleY + y));
}

/** The inverse of `boxesOnCanvas`: detections in pixels of the original image. Not cut at its border. */
export function boxesInImage(boxes: ArrayLike<number>, { x, y, scaleX, scaleY }: Placement): Float32Array {
  return Float32Array.from(boxes, (value, i) => (i % 2 === 0 ? (value - x) / scaleX : (value - y) / scaleY));
}
