import { check } from '@nats/graph';
import type { CocoBox } from './coco-mask.js';
import type { RleMask } from './rle-mask.js';

/** Edges are followed in fifths of a pixel. */
const SCALE = 5;
/** Pixels; far outside of every image, near enough to follow. */
export const FARTHEST = 1e6;

/**
 * The mask of a polygon as COCO's tools draw it, pixel by pixel (rleFrPoly in maskApi.c): its edges, rounded to fifths of a
 * pixel, are walked in order, and where a step passes the middle of a pixel column, object and background change places from
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
  walkBoundary(points, (fromX, fromY, toX, toY) => {
    if (toX === fromX) return;
    const x = ((toX < fromX ? toX : toX - 1) + 0.5) / SCALE - 0.5;
    if (!Number.isInteger(x) || x < 0 || x > width - 1) return;
    const y = (Math.min(fromY, toY) + 0.5) / SCALE - 0.5;
    changes.push(x * height + Math.ceil(Math.min(Math.max(y, 0), height)));
  });
  return { height, width, runs: runsBetween(changes, height * width) };
}

/** The mask of a box, drawn as the polygon of its corners (rleFrBbox in maskApi.c). */
export function boxMask([x, y, w, h]: CocoBox, height: number, width: number, where = ''): RleMask {
  return polygonMask([x, y, x, y + h, x + w, y + h, x + w, y], height, width, where);
}

type Step = (fromX: number, fromY: number, toX: number, toY: number) => void;

/** Walks the edges from point to point in steps of at most a fifth of a pixel along the longer direction. */
function walkBoundary(points: readonly number[], step: Step): void {
  const count = points.length / 2;
  // C's conversion to int: half a unit is added and the fraction cut off, so negative numbers are rounded upwards.
  const scaled = (i: number) => Math.trunc(SCALE * points[i]! + 0.5);
  let [lastX, lastY] = [Number.NaN, Number.NaN];
  const visit = (x: number, y: number) => {
    if (!Number.isNaN(lastX)) step(lastX, lastY, x, y);
    lastX = x;
    lastY = y;
  };
  for (let k = 0; k < count; k++) {
    const next = k + 1 < count ? k + 1 : 0;
    const [startX, startY, endX, endY] = [scaled(2 * k), scaled(2 * k + 1), scaled(2 * next), scaled(2 * next + 1)];
    const [dx, dy] = [Math.abs(endX - startX), Math.abs(endY - startY)];
    const wide = dx >= dy;
    // An edge has the same pixels in both directions: it is computed from its left or upper end.
    const turned = wide ? startX > endX : startY > endY;
    const [x, y] = turned ? [endX, endY] : [startX, startY];
    const slope = (wide ? endY - startY : endX - startX) / (wide ? endX - startX : endY - startY);
    const length = wide ? dx : dy;
    for (let d = 0; d <= length; d++) {
      const t = turned ? length - d : d;
      // For a point (no length) the slope is 0 / 0; the other coordinate is then its own.
      const across = length === 0 ? 0 : slope * t;
      if (wide) visit(x + t, Math.trunc(y + across + 0.5));
      else visit(Math.trunc(x + across + 0.5), y + t);
    }
  }
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
