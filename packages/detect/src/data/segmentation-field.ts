import { NatsError } from '@nats/graph';
import type { CocoMask, CocoSegmentation } from '../masks/coco-mask.js';
import { FARTHEST } from '../masks/mask-polygon.js';
import { type MaskSize, segmentationMask } from '../masks/segmentation.js';
import { FieldError, isFields } from './fields.js';

/** Numbers of the three points that a polygon needs. */
const LEAST = 6;

/**
 * A `segmentation` of COCO's files, checked but not drawn: none for nothing, no polygon, or empty ones, which tools for boxes
 * write, and none for what covers no pixel of the image.
 * @throws FieldError naming the field, and the annotation by its id
 */
export function segmentationAt(
  value: unknown,
  field: string,
  size: MaskSize,
  id: number | string,
): CocoSegmentation | undefined {
  const broken = (where: string, rule: string, received: unknown) =>
    new FieldError(where, `${rule}, in annotation ${id}`, received);
  if (value === undefined || value === null || value === '') return undefined;
  if (isFields(value) && Object.keys(value).length === 0) return undefined;
  if (Array.isArray(value)) {
    if (value.every((polygon) => Array.isArray(polygon) && polygon.length === 0)) return undefined;
    for (const [i, polygon] of value.entries()) {
      if (!Array.isArray(polygon) || polygon.length % 2 === 1 || !polygon.every(isCoordinate)) {
        throw broken(`${field}[${i}]`, 'a polygon is a list x, y, x, y, … in pixels', polygon);
      }
    }
    // As in pycocotools, which tells boxes from polygons by the first; others may be points or lines.
    if (value[0].length < LEAST) throw broken(`${field}[0]`, 'a polygon has at least three points', value[0]);
    return value.some((polygon) => reaches(polygon, size)) ? (value as number[][]) : undefined;
  }
  if (!isFields(value)) throw broken(field, 'a segmentation is a list of polygons or a mask of size and counts', value);
  try {
    const { runs } = segmentationMask({ size: value.size, counts: value.counts } as CocoMask, size, field);
    if (runs.every((run, i) => i % 2 === 0 || run === 0)) return undefined;
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
    const { rule, received, limit, where } = error.details;
    throw broken(where ?? field, limit === undefined ? rule : `${rule} (${limit})`, received);
  }
  return value as unknown as CocoSegmentation;
}

/** Whether the rectangle around a polygon has a part in the image. */
function reaches(polygon: readonly number[], { width, height }: MaskSize): boolean {
  const isWithin = (first: number, limit: number) => {
    let [below, above] = [true, true];
    for (let i = first; i < polygon.length; i += 2) {
      below &&= polygon[i]! <= 0;
      above &&= polygon[i]! >= limit;
      if (!below && !above) return true;
    }
    return false;
  };
  return isWithin(0, width) && isWithin(1, height);
}

function isCoordinate(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= FARTHEST;
}
