import type { CocoSegmentation } from './coco-mask.js';

/**
 * Polygons as a text of 16-bit numbers, a quarter of the memory of lists: datasets of the size of COCO have millions of points.
 * The values are exactly those of the file, whose coordinates have at most two decimals.
 */
export type PackedPolygons = string & { readonly packed: 'polygons' };

/** Coordinates are whole numbers of these parts of a pixel. */
const PARTS = 100;
/** Differences beyond this follow an escape, in two numbers. */
const LARGEST = 0x7ffe;
const ESCAPE = 0xffff;
/** Far enough for every image, and two 16-bit numbers. */
const FARTHEST = 2 ** 29;

let buffer = new Uint16Array(2 ** 12);

/**
 * The number of polygons, then of each the count of its numbers and their differences from the ones of the point before.
 * @returns undefined for what is no list of polygons with such coordinates
 */
export function packPolygons(segmentation: CocoSegmentation): PackedPolygons | undefined {
  if (!Array.isArray(segmentation)) return undefined;
  const polygons = segmentation as readonly (readonly number[])[];
  const most = 2 + polygons.reduce((sum, polygon) => sum + 3 * polygon.length + 3, 0);
  if (buffer.length < most) buffer = new Uint16Array(2 * most);
  let at = 0;
  const put = (value: number) => {
    if (value >= -LARGEST && value <= LARGEST) {
      buffer[at++] = value + LARGEST;
    } else {
      buffer[at++] = ESCAPE;
      buffer[at++] = value >>> 16;
      buffer[at++] = value & 0xffff;
    }
  };
  put(polygons.length);
  for (const polygon of polygons) {
    put(polygon.length);
    let [x, y] = [0, 0];
    for (let i = 0; i < polygon.length; i++) {
      const value = polygon[i]!;
      const parts = Math.round(value * PARTS);
      // -0 and what has more decimals would come back as another number.
      const isExact = parts / PARTS === value && !Object.is(value, -0);
      if (!isExact || parts > FARTHEST || parts < -FARTHEST) return undefined;
      put(parts - (i % 2 === 0 ? x : y));
      if (i % 2 === 0) x = parts;
      else y = parts;
    }
  }
  return Buffer.from(buffer.buffer, 0, 2 * at).toString('utf16le') as PackedPolygons;
}

/** A segmentation as files have it. */
export function plainSegmentation(segmentation: CocoSegmentation | PackedPolygons): CocoSegmentation {
  if (typeof segmentation !== 'string') return segmentation;
  const text = segmentation as string;
  let at = 0;
  const take = () => {
    const unit = text.charCodeAt(at++);
    if (unit !== ESCAPE) return unit - LARGEST;
    const high = text.charCodeAt(at++);
    return (high << 16) | text.charCodeAt(at++);
  };
  return Array.from({ length: take() }, () => {
    const polygon = new Array<number>(take());
    let [x, y] = [0, 0];
    for (let i = 0; i < polygon.length; i++) {
      const parts = take() + (i % 2 === 0 ? x : y);
      polygon[i] = parts / PARTS;
      if (i % 2 === 0) x = parts;
      else y = parts;
    }
    return polygon;
  });
}
