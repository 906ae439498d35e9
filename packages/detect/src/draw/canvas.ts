import { check } from '@nats/graph';
import type { DecodedImage } from '../data/decoded-image.js';
import { decodeMask, type RleMask } from '../masks/rle-mask.js';
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphOf } from './font.js';

/** Red, green, blue, 0 to 255. */
export type Color = readonly [number, number, number];

/** A copy of an image as RGB, each pixel `zoom` times as wide and high. */
export function canvasOf({ channels, height, width, pixels }: DecodedImage, zoom = 1): DecodedImage {
  const area = height * width;
  const canvas = new Uint8Array(3 * area * zoom * zoom);
  for (let c = 0; c < 3; c++) {
    const from = channels === 3 ? c * area : 0;
    for (let y = 0; y < height * zoom; y++) {
      const to = (c * height * zoom + y) * width * zoom;
      const row = from + Math.floor(y / zoom) * width;
      for (let x = 0; x < width * zoom; x++) canvas[to + x] = pixels[row + Math.floor(x / zoom)]!;
    }
  }
  return { channels: 3, height: height * zoom, width: width * zoom, pixels: canvas };
}

/** Fills a rectangle of whole pixels, cut at the border. Writes `canvas.pixels`. */
export function fillRectangle(
  { height, width, pixels }: DecodedImage,
  [left, top, right, bottom]: readonly [number, number, number, number],
  color: Color,
): void {
  const [x1, x2] = [Math.max(0, left), Math.min(width, right)];
  if (x2 <= x1) return;
  for (let c = 0; c < 3; c++) {
    for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
      const row = (c * height + y) * width;
      pixels.fill(color[c]!, row + x1, row + x2);
    }
  }
}

/** Blends a color into the pixels of a mask, each drawn `zoom` times as wide and high. Writes `canvas.pixels`. */
export function tintMask(
  { height, width, pixels }: DecodedImage,
  mask: RleMask,
  zoom: number,
  color: Color,
  share: number,
): void {
  check(mask.height * zoom === height && mask.width * zoom === width, 'shape', () => ({
    rule: 'a mask is as large as the picture that it is drawn on',
    received: `${mask.height} x ${mask.width} (height x width)`,
    limit: `${height / zoom} x ${width / zoom}`,
  }));
  const inside = decodeMask(mask);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / zoom) * mask.width;
    for (let x = 0; x < width; x++) {
      if (!inside[row + Math.floor(x / zoom)]) continue;
      for (let c = 0; c < 3; c++) {
        const at = (c * height + y) * width + x;
        pixels[at] = Math.round(pixels[at]! * (1 - share) + color[c]! * share);
      }
    }
  }
}

/** The outline of a box, `thickness` pixels inwards from its sides. */
export function strokeRectangle(
  canvas: DecodedImage,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  thickness: number,
  color: Color,
): void {
  const innerTop = Math.min(y2, y1 + thickness);
  const innerBottom = Math.max(y1, y2 - thickness);
  fillRectangle(canvas, [x1, y1, x2, innerTop], color);
  fillRectangle(canvas, [x1, innerBottom, x2, y2], color);
  fillRectangle(canvas, [x1, y1, Math.min(x2, x1 + thickness), y2], color);
  fillRectangle(canvas, [Math.max(x1, x2 - thickness), y1, x2, y2], color);
}

/** Text with its top left corner at x, y, each pixel of a letter `size` pixels wide and high. */
export function drawText(canvas: DecodedImage, text: string, x: number, y: number, size: number, color: Color): void {
  for (const [i, character] of [...text].entries()) {
    const ink = glyphOf(character);
    for (let row = 0; row < GLYPH_HEIGHT; row++) {
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        if (!ink[row * GLYPH_WIDTH + column]) continue;
        const left = x + (i * (GLYPH_WIDTH + 1) + column) * size;
        const top = y + row * size;
        fillRectangle(canvas, [left, top, left + size, top + size], color);
      }
    }
  }
}

/** Pictures of the same height next to each other, with a white gap. */
export function besideEachOther(pictures: readonly DecodedImage[], gap: number): DecodedImage {
  const height = Math.max(...pictures.map((picture) => picture.height));
  const width = pictures.reduce((sum, picture) => sum + picture.width, 0) + gap * (pictures.length - 1);
  const pixels = new Uint8Array(3 * height * width).fill(255);
  let left = 0;
  for (const picture of pictures) {
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < picture.height; y++) {
        const from = (c * picture.height + y) * picture.width;
        pixels.set(picture.pixels.subarray(from, from + picture.width), (c * height + y) * width + left);
      }
    }
    left += picture.width + gap;
  }
  return { channels: 3, height, width, pixels };
}
