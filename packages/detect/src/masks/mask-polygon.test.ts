import fc from 'fast-check';
import { expect, test } from 'vitest';
import { polygonMask } from './mask-polygon.js';

/** rleFrPoly as it is in maskApi.c: every edge is walked in steps of a fifth of a pixel. */
function walked(points: readonly number[], height: number, width: number): number[] {
  const scaled = points.map((value) => Math.trunc(5 * value + 0.5));
  const [us, vs]: [number[], number[]] = [[], []];
  for (let k = 0; k < points.length; k += 2) {
    const [startX, startY] = [scaled[k]!, scaled[k + 1]!];
    const [endX, endY] = [scaled[(k + 2) % points.length]!, scaled[(k + 3) % points.length]!];
    const [dx, dy] = [Math.abs(endX - startX), Math.abs(endY - startY)];
    const flip = (dx >= dy && startX > endX) || (dx < dy && startY > endY);
    const [x, y, lastX, lastY] = flip ? [endX, endY, startX, startY] : [startX, startY, endX, endY];
    const slope = dx >= dy ? (lastY - y) / dx : (lastX - x) / dy;
    for (let d = 0; d <= Math.max(dx, dy); d++) {
      const t = flip ? Math.max(dx, dy) - d : d;
      us.push(dx >= dy ? t + x : Math.trunc(x + (dy === 0 ? 0 : slope * t) + 0.5));
      vs.push(dx >= dy ? Math.trunc(y + (dx === 0 ? 0 : slope * t) + 0.5) : t + y);
    }
  }
  const changes: number[] = [height * width];
  for (let j = 1; j < us.length; j++) {
    if (us[j] === us[j - 1]) continue;
    const x = ((us[j]! < us[j - 1]! ? us[j]! : us[j]! - 1) + 0.5) / 5 - 0.5;
    if (Math.floor(x) !== x || x < 0 || x > width - 1) continue;
    const y = (Math.min(vs[j]!, vs[j - 1]!) + 0.5) / 5 - 0.5;
    changes.push(x * height + Math.ceil(Math.min(Math.max(y, 0), height)));
  }
  changes.sort((a, b) => a - b);
  const pixels: number[] = [];
  for (let i = 0, next = 0, value = 0; i < height * width; i++) {
    while (changes[next] === i) {
      value = 1 - value;
      next++;
    }
    pixels.push(value);
  }
  return pixels;
}

function pixelsOf({ runs }: { readonly runs: Uint32Array }): number[] {
  return Array.from(runs).flatMap((run, k) => new Array<number>(run).fill(k % 2));
}

test('polygons are drawn as by the walk of maskApi.c, near and far', () => {
  const coordinate = fc.oneof(
    fc.double({ min: -8, max: 24, noNaN: true }),
    fc.double({ min: -400, max: 400, noNaN: true }),
    fc.integer({ min: -3, max: 20 }),
    fc.constantFrom(-0.1, 0.1, 0.3, 0.5, 11.9, 12),
  );
  const polygon = fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 9 });
  fc.assert(
    fc.property(polygon, fc.integer({ min: 1, max: 13 }), fc.integer({ min: 1, max: 13 }), (points, height, width) => {
      expect(pixelsOf(polygonMask(points.flat(), height, width))).toEqual(walked(points.flat(), height, width));
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test('what lies far outside of the image costs nothing', () => {
  // A file of 62 kB whose edges are 170 billion steps of a fifth of a pixel long.
  const corners = [-1e6, -1e6, 1e6, 0, -1e6, 1e6, 1e6, -1e6, -1e6, 0, 1e6, 1e6];
  const points = Array.from({ length: 700 }, () => corners).flat();
  const { runs } = polygonMask(points, 64, 64);
  expect(runs.reduce((a, b) => a + b, 0)).toBe(64 * 64);
});
