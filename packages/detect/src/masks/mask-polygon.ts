import { check } from '@nats/graph';
import type { CocoBox } from './coco-mask.js';
import type { RleMask } from './rle-mask.js';

/** Edges are followed in fifths of a pixel. */
const SCALE = 5;
/** Pixels; far outside of every image, near enough to follow. */
export const FARTHEST = 1e6;

/**
 * The mask of a polygon as COCO's tools draw it, pixel by pixel (rleFrPoly in maskApi.c): its edges are rounded to fifths of
 * a pixel, and where a step passes the middle of a pixel column, object and background change places from
 * the row of that step on.
 * @param points `[x, y, x, y, …]` in pixels; may lie outside of the image, where it is cut off
 * @throws NatsError `malformed` for an odd number of coordinates, or some that are not finite or farther than 1e6
 */
export function polygonMask(points: readonly number[], height: number, width: number, where = ''): RleMask {
  check(
    points.length >= 2 && points.length % 2 === 0 && points.every((value) => Math.abs(value) <= FARTHEST),
    'malformed',
    () => ({
      rule: 'a polygon is x, y, x, y, … in pixels',
      received: shortList(points),
      limit: `coordinates from ${-FARTHEST} to ${FARTHEST}`,
      where,
    }),
  );
  const changes: number[] = [];
  crossColumns(points, width, (column, stepY) => {
    const y = (stepY + 0.5) / SCALE - 0.5;
    changes.push(column * height + Math.ceil(Math.min(Math.max(y, 0), height)));
  });
  return { height, width, runs: runsBetween(changes, height * width) };
}

/** The mask of a box, drawn as the polygon of its corners (rleFrBbox in maskApi.c). */
export function boxMask([x, y, w, h]: CocoBox, height: number, width: number, where = ''): RleMask {
  return polygonMask([x, y, x, y + h, x + w, y + h, x + w, y], height, width, where);
}

/**
 * Where the boundary passes the middle of a pixel column: rleFrPoly walks each edge in steps of a fifth of a pixel along its
 * longer direction and looks for steps from fifth 2 to fifth 3 of a column. Here each edge is asked for those steps alone, so
 * that the part of a polygon that lies far outside of the image costs nothing.
 * @param visit gets the column, and the upper end of the step in fifths
 */
function crossColumns(points: readonly number[], width: number, visit: (column: number, stepY: number) => void): void {
  const count = points.length / 2;
  // C's conversion to int: half a unit is added and the fraction cut off, so negative numbers are rounded upwards.
  const scaled = (i: number) => Math.trunc(SCALE * points[i]! + 0.5);
  for (let k = 0; k < count; k++) {
    const next = k + 1 < count ? k + 1 : 0;
    const [startX, startY, endX, endY] = [scaled(2 * k), scaled(2 * k + 1), scaled(2 * next), scaled(2 * next + 1)];
    const [dx, dy] = [Math.abs(endX - startX), Math.abs(endY - startY)];
    if (dx === 0) continue;
    const wide = dx >= dy;
    // An edge has the same pixels in both directions: it is computed from its left or upper end.
    const turned = wide ? startX > endX : startY > endY;
    const [x, y] = turned ? [endX, endY] : [startX, startY];
    const slope = (wide ? endY - startY : endX - startX) / (wide ? endX - startX : endY - startY);
    const length = wide ? dx : dy;
    const across = (t: number) => Math.trunc((wide ? y : x) + slope * t + 0.5);
    const [left, right] = wide
      ? [x, x + length]
      : [Math.min(across(0), across(length)), Math.max(across(0), across(length))];
    const last = Math.min(width - 1, Math.floor((right - 3) / SCALE));
    for (let column = Math.max(0, Math.ceil((left - 2) / SCALE)); column <= last; column++) {
      const fifth = column * SCALE + 2;
      if (wide) visit(column, Math.min(across(fifth - x), across(fifth + 1 - x)));
      else visit(column, y + firstStep(length, (t) => (slope > 0 ? across(t) > fifth : across(t) <= fifth)) - 1);
    }
  }
}

/** The first number from 1 to `limit` that is past a point: bisection, for what stays past it. */
function firstStep(limit: number, isPast: (t: number) => boolean): number {
  let [low, high] = [1, limit];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isPast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Lengths of the runs between the places where background and object change; two changes in one place cancel. */
function runsBetween(changes: readonly number[], pixels: number): Uint32Array {
  const places = Uint32Array.from([...changes, pixels]).sort();
  const runs: number[] = [places[0]!];
  for (let k = 1; k < places.length; k++) {
    const run = places[k]! - places[k - 1]!;
    if (run > 0) runs.push(run);
    else if (++k < places.length) runs[runs.length - 1]! += places[k]! - places[k - 1]!;
  }
  return Uint32Array.from(runs);
}

function shortList(values: readonly number[]): string {
  const text = `[${values.slice(0, 8).join(', ')}${values.length > 8 ? ', …' : ''}]`;
  return `${values.length} coordinates ${text}`;
}
