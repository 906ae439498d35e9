import { check } from '@nats/graph';
import type { CocoBox } from './coco-mask.js';

/**
 * A mask of one object: lengths of runs of equal pixels, column by column from the top left, in turns background and object,
 * the first of background (it may be 0). They add up to height times width.
 */
export interface RleMask {
  /** In pixels. */
  readonly height: number;
  readonly width: number;
  readonly runs: Uint32Array;
}

/** Runs of a mask given as pixels, row by row `[height, width]`; anything but 0 is object. */
export function encodeMask(pixels: ArrayLike<number>, height: number, width: number): RleMask {
  return encodeMaskPart(pixels, { x: 0, y: 0, width, height }, { height, width });
}

/** A rectangle of whole pixels. */
export interface MaskPart {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Runs of a mask that has an object in a part of it only.
 * @param pixels those of the part, row by row; anything but 0 is object
 * @param part inside the mask
 */
export function encodeMaskPart(
  pixels: ArrayLike<number>,
  part: MaskPart,
  { height, width }: Pick<RleMask, 'height' | 'width'>,
): RleMask {
  check(pixels.length === part.height * part.width, 'shape', () => ({
    rule: 'a mask has height times width pixels',
    received: `${pixels.length} pixels for ${part.height} x ${part.width}`,
  }));
  const runs: number[] = [];
  /** End of the last run of the object, and whether it goes on. */
  let end = 0;
  let begun = -1;
  const finish = (at: number) => {
    if (begun < 0) return;
    runs.push(begun - end, at - begun);
    end = at;
    begun = -1;
  };
  for (let x = 0; x < part.width; x++) {
    const top = (part.x + x) * height + part.y;
    // Columns only follow each other where the part has their full height.
    if (part.height < height) finish(top - height + part.height);
    for (let y = 0; y < part.height; y++) {
      if (pixels[y * part.width + x] === 0) finish(top + y);
      else if (begun < 0) begun = top + y;
    }
  }
  finish((part.x + part.width - 1) * height + part.y + part.height);
  if (end < height * width || runs.length === 0) runs.push(height * width - end);
  return { height, width, runs: Uint32Array.from(runs) };
}

/** Pixels of a mask, row by row `[height, width]`, 1 for the object. */
export function decodeMask({ height, width, runs }: RleMask): Uint8Array {
  const pixels = new Uint8Array(height * width);
  let end = 0;
  for (let k = 0; k < runs.length; k++) {
    const start = end;
    end += runs[k]!;
    if (k % 2 === 0) continue;
    for (let i = start; i < end; i++) pixels[(i % height) * width + Math.floor(i / height)] = 1;
  }
  return pixels;
}

/** Pixels of the object. */
export function maskArea({ runs }: Pick<RleMask, 'runs'>): number {
  let area = 0;
  for (let k = 1; k < runs.length; k += 2) area += runs[k]!;
  return area;
}

/** Smallest box around the object, `[x, y, width, height]`; all 0 for an empty mask (pycocotools, rleToBbox in maskApi.c). */
export function maskBox({ height, width, runs }: RleMask): CocoBox {
  let [left, top, right, bottom] = [width, height, -1, -1];
  let end = 0;
  for (let k = 0; k < runs.length; k++) {
    const first = end;
    end += runs[k]!;
    if (k % 2 === 0 || end === first) continue;
    const [column, lastColumn] = [Math.floor(first / height), Math.floor((end - 1) / height)];
    // A run over the end of a column has the bottom pixel of one column and the top pixel of the next.
    const [y, lastY] = lastColumn > column ? [0, height - 1] : [first % height, (end - 1) % height];
    left = Math.min(left, column);
    right = Math.max(right, lastColumn);
    top = Math.min(top, y);
    bottom = Math.max(bottom, lastY);
  }
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1];
}

/**
 * Union (default) or intersection of masks of one size (pycocotools, rleMerge in maskApi.c).
 * @throws NatsError `shape` for no mask or masks of different sizes
 */
export function mergeMasks(masks: readonly RleMask[], how: 'union' | 'intersection' = 'union'): RleMask {
  const [first, ...others] = masks;
  check(first !== undefined, 'shape', () => ({ rule: 'at least one mask is merged', received: 'none' }));
  return others.reduce((merged, mask) => mergeTwo(merged, mask, how === 'intersection'), first);
}

function mergeTwo(a: RleMask, b: RleMask, intersect: boolean): RleMask {
  checkSameSize(a, b);
  const runs: number[] = [];
  let object = false;
  let run = 0;
  walkTogether(a.runs, b.runs, (length, inA, inB) => {
    const value = intersect ? inA && inB : inA || inB;
    if (value !== object) {
      runs.push(run);
      run = 0;
      object = value;
    }
    run += length;
  });
  runs.push(run);
  return { height: a.height, width: a.width, runs: Uint32Array.from(runs) };
}

/** Visits the stretches in which neither of two masks changes; both have the same number of pixels. */
export function walkTogether(
  a: Uint32Array,
  b: Uint32Array,
  visit: (length: number, inA: boolean, inB: boolean) => void,
): void {
  let [i, j] = [0, 0];
  let leftA = a[0] ?? 0;
  let leftB = b[0] ?? 0;
  for (;;) {
    // Runs may be empty: an object that begins in the first pixel has no background before it.
    while (leftA === 0 && i + 1 < a.length) leftA = a[++i]!;
    while (leftB === 0 && j + 1 < b.length) leftB = b[++j]!;
    const length = Math.min(leftA, leftB);
    if (length === 0) return;
    visit(length, i % 2 === 1, j % 2 === 1);
    leftA -= length;
    leftB -= length;
  }
}

/** @throws NatsError `shape` */
export function checkSameSize(a: RleMask, b: RleMask): void {
  check(a.height === b.height && a.width === b.width, 'shape', () => ({
    rule: 'masks of one image have one size',
    received: `${a.height} x ${a.width} and ${b.height} x ${b.width} (height x width)`,
  }));
}
