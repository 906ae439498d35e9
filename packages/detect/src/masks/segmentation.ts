import { check } from '@nats/graph';
import type { CocoMask, CocoSegmentation } from './coco-mask.js';
import { polygonMask } from './mask-polygon.js';
import { mergeMasks, type RleMask } from './rle-mask.js';
import { decodeRle, encodeRle } from './rle-string.js';

/** Height and width of an image in pixels. */
export interface MaskSize {
  readonly height: number;
  readonly width: number;
}

/**
 * The mask in a `segmentation` field of COCO's files: polygons are drawn and united, runs are read (pycocotools, annToRLE).
 * As there, the first polygon must have three points, and others may be points or lines, which cover nothing.
 * @param where names the field in messages
 * @throws NatsError `malformed` for what is no segmentation, or not one of an image of this size
 */
export function segmentationMask(segmentation: CocoSegmentation, size: MaskSize, where = ''): RleMask {
  const { height, width } = size;
  if (isRuns(segmentation)) return runsMask(segmentation, size, where);
  check(Array.isArray(segmentation) && segmentation.length > 0 && segmentation.every(isNumbers), 'malformed', () => ({
    rule: 'a segmentation is a list of polygons or a mask of size and counts',
    received: `${JSON.stringify(segmentation) ?? 'nothing'}`.slice(0, 80),
    where,
  }));
  check(segmentation[0]!.length >= 6, 'malformed', () => ({
    rule: 'a polygon has at least three points x, y, x, y, …',
    received: JSON.stringify(segmentation[0]),
    where: `${where}[0]`,
  }));
  return mergeMasks(segmentation.map((points, i) => polygonMask(points, height, width, `${where}[${i}]`)));
}

/** A mask for COCO's files, its runs compressed to a text. */
export function cocoMask({ height, width, runs }: RleMask): CocoMask {
  return { size: [height, width], counts: encodeRle(runs) };
}

function isRuns(segmentation: CocoSegmentation): segmentation is CocoMask {
  return typeof segmentation === 'object' && segmentation !== null && 'counts' in segmentation;
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function runsMask({ size, counts }: CocoMask, { height, width }: MaskSize, where: string): RleMask {
  check(Array.isArray(size) && size[0] === height && size[1] === width, 'malformed', () => ({
    rule: "a mask's size is [height, width] of its image",
    received: JSON.stringify(size) ?? 'nothing',
    limit: JSON.stringify([height, width]),
    where: `${where}.size`,
  }));
  const runs = typeof counts === 'string' ? decodeRle(counts, `${where}.counts`) : listedRuns(counts, where);
  const pixels = runs.reduce((sum, run) => sum + run, 0);
  check(pixels === height * width, 'malformed', () => ({
    rule: "a mask's runs add up to height times width",
    received: `${pixels} pixels`,
    limit: `${height} x ${width} = ${height * width}`,
    where: `${where}.counts`,
  }));
  return { height, width, runs };
}

function listedRuns(counts: readonly number[], where: string): Uint32Array {
  check(
    Array.isArray(counts) && counts.every((run) => Number.isInteger(run) && run >= 0 && run < 2 ** 32),
    'malformed',
    () => ({
      rule: "a mask's counts are a text or a list of whole numbers",
      received: `${JSON.stringify(counts) ?? 'nothing'}`.slice(0, 80),
      where: `${where}.counts`,
    }),
  );
  return Uint32Array.from(counts);
}
