/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { colorOf } from '../page-elements.js';
import type { Example } from './messages.js';

/** Pixels of the page for one of the picture: boxes stay thin. */
const SCALE = 4;

/** A picture with the boxes of its digits. */
export function exampleElement({ side, pixels, objects }: Example): HTMLCanvasElement {
  const image = new ImageData(side, side);
  for (const [i, value] of pixels.entries()) image.data.set([value, value, value, 255], 4 * i);
  const small = new OffscreenCanvas(side, side);
  small.getContext('2d')!.putImageData(image, 0, 0);
  const canvas = Object.assign(document.createElement('canvas'), { width: SCALE * side, height: SCALE * side });
  const context = canvas.getContext('2d')!;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  context.lineWidth = 3;
  for (const { box, name } of objects) {
    const [x1, y1, x2, y2] = box.map((value) => SCALE * value) as [number, number, number, number];
    context.strokeStyle = colorOf(Number(name));
    context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  }
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `A training picture with ${objects.map(({ name }) => name).join(', ')}`);
  return canvas;
}
