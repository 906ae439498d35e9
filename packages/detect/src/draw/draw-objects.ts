import { check } from '@nats/graph';
import type { Box } from '../data/box.js';
import type { DatasetRecord } from '../data/dataset.js';
import type { DecodedImage } from '../data/decoded-image.js';
import { encodePng } from '../data/write-coco.js';
import type { RleMask } from '../masks/rle-mask.js';
import { besideEachOther, type Color, canvasOf, drawText, fillRectangle, strokeRectangle, tintMask } from './canvas.js';
import { GLYPH_HEIGHT, textWidth } from './font.js';

/** Boxes on a picture: annotations, or detections with scores. */
export interface DrawnObjects {
  /** Rows of x1, y1, x2, y2 in pixels of the image, or these numbers one after another. */
  readonly boxes: readonly Box[] | Float32Array;
  readonly labels: ArrayLike<number>;
  /** 0 to 1. */
  readonly scores?: ArrayLike<number>;
  /** Of each, as large as the image; drawn translucent, under the boxes. */
  readonly masks?: readonly RleMask[];
}

/** How `drawObjects` draws. */
export interface DrawOptions {
  /** Names of the classes; default: their numbers. */
  readonly classes?: readonly string[];
  /** How much wider and higher each pixel is drawn; default: so that the picture has about 512 pixels, at least 1. */
  readonly zoom?: number;
  /** Of the lines in pixels of the picture; default 2. */
  readonly thickness?: number;
  /** Pixels of the picture for each pixel of a letter (letters have 5 x 7); default 2. */
  readonly textSize?: number;
  /** Objects with lower scores are not drawn; default 0. */
  readonly minScore?: number;
  /** Words on the picture, at the bottom left. */
  readonly title?: string;
}

/** Colors of classes 0, 1, …; from the beginning again after the last. */
const COLOURS: readonly Color[] = [
  [255, 92, 56],
  [64, 160, 255],
  [72, 200, 88],
  [255, 196, 0],
  [200, 96, 255],
  [0, 208, 208],
  [255, 120, 184],
  [160, 128, 88],
  [168, 208, 40],
  [128, 136, 160],
];
const BLACK: Color = [0, 0, 0];
const WHITE: Color = [255, 255, 255];
const PICTURE_SIDE = 512;
const GAP = 8;
/** How much of a mask's pixels is its color. */
const TINT = 0.45;

/**
 * A picture of an image (gray or RGB) with boxes, names and scores; the best scores on top. Deterministic, without fonts
 * of the machine. `encodePng` makes a file of it.
 * @throws NatsError `shape` if there is not one label (and score, and mask) for each box, or a mask has another size
 */
export function drawObjects(image: DecodedImage, objects: DrawnObjects, options: DrawOptions = {}): DecodedImage {
  const { classes, thickness = 2, textSize = 2, minScore = 0, title } = options;
  const zoom = options.zoom ?? Math.max(1, Math.round(PICTURE_SIDE / Math.max(image.width, image.height)));
  const canvas = canvasOf(image, zoom);
  const boxes = rowsOf(objects);
  const { labels, scores, masks } = objects;
  const order = boxes.map((_, i) => i).filter((i) => !scores || scores[i]! >= minScore);
  if (scores) order.sort((a, b) => scores[a]! - scores[b]! || b - a);
  const colorOf = (i: number) => COLOURS[labels[i]! % COLOURS.length] ?? BLACK;
  if (masks) for (const i of order) tintMask(canvas, masks[i]!, zoom, colorOf(i), TINT);
  for (const i of order) {
    const color = colorOf(i);
    const box = boxes[i]!.map((side) => Math.round(side * zoom)) as [number, number, number, number];
    strokeRectangle(canvas, box, thickness, color);
    const name = classes?.[labels[i]!] ?? String(labels[i]);
    drawLabel(canvas, scores ? `${name} ${scores[i]!.toFixed(2)}` : name, box, textSize, color);
  }
  if (title !== undefined) {
    const top = canvas.height - (GLYPH_HEIGHT + 2) * textSize;
    drawSign(canvas, title, 0, top, textSize, BLACK);
  }
  return canvas;
}

/** Annotations on the left, detections on the right. */
export function drawComparison(
  image: DecodedImage,
  truth: DrawnObjects,
  detections: DrawnObjects,
  options: DrawOptions = {},
): DecodedImage {
  return besideEachOther(
    [
      drawObjects(image, truth, { ...options, title: 'ground truth' }),
      drawObjects(image, detections, { ...options, title: 'detections' }),
    ],
    GAP,
  );
}

/** `drawObjects` as the bytes of a PNG file. */
export function drawPng(image: DecodedImage, objects: DrawnObjects, options?: DrawOptions): Promise<Uint8Array> {
  return encodePng(drawObjects(image, objects, options));
}

/** The annotations of a record. */
export function drawnRecord({ objects }: Pick<DatasetRecord, 'objects'>): DrawnObjects {
  return { boxes: objects.map(({ box }) => box), labels: objects.map(({ label }) => label) };
}

function rowsOf({ boxes, labels, scores, masks }: DrawnObjects): readonly Box[] {
  const rows: readonly Box[] =
    boxes instanceof Float32Array
      ? Array.from({ length: boxes.length / 4 }, (_, i): Box => {
          const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(i * 4, i * 4 + 4);
          return [x1, y1, x2, y2];
        })
      : boxes;
  const others = { labels, ...(scores && { scores }), ...(masks && { masks }) };
  const fits = Object.values(others).every(({ length }) => length === rows.length);
  check(fits, 'shape', () => ({
    rule: 'drawn objects have a label for each box, and a score or none, a mask or none',
    received: [`${rows.length} boxes`, ...Object.entries(others).map(([name, { length }]) => `${length} ${name}`)].join(
      ', ',
    ),
  }));
  return rows;
}

/** Above the box, or inside if there is no room. */
function drawLabel(
  canvas: DecodedImage,
  text: string,
  [x1, y1]: readonly [number, number, number, number],
  size: number,
  color: Color,
): void {
  const height = (GLYPH_HEIGHT + 2) * size;
  const left = Math.max(0, Math.min(x1, canvas.width - (textWidth(text) + 2) * size));
  drawSign(canvas, text, left, Math.max(0, y1 >= height ? y1 - height : y1), size, color);
}

/** Text on a filled rectangle. */
function drawSign(canvas: DecodedImage, text: string, x: number, y: number, size: number, color: Color): void {
  const right = x + (textWidth(text) + 2) * size;
  fillRectangle(canvas, [x, y, right, y + (GLYPH_HEIGHT + 2) * size], color);
  const [r, g, b] = color;
  const ink = 0.299 * r + 0.587 * g + 0.114 * b > 128 ? BLACK : WHITE;
  drawText(canvas, text, x + size, y + size, size, ink);
}
