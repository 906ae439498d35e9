import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMask, encodeMask, maskArea, maskBox, type RleMask } from '../masks/rle-mask.js';
import { cocoMask, segmentationMask } from '../masks/segmentation.js';
import { type AxisMap, cutMask, drawMask, isUnmoved, moveMask, objectMask } from './object-mask.js';

const SIZE = { height: 9, width: 12 };
/** An L of 5 x 6 pixels, its corner at 2, 3. */
const polygon = [[2, 3, 4, 3, 4, 7, 7, 7, 7, 9, 2, 9]];
const runs = cocoMask(segmentationMask(polygon, SIZE));

const rowsOf = (mask: RleMask) => {
  const pixels = decodeMask(mask);
  return Array.from({ length: mask.height }, (_, y) =>
    [...pixels.subarray(y * mask.width, (y + 1) * mask.width)].join(''),
  );
};

describe.each([
  ['a polygon', objectMask(polygon, SIZE)],
  ['runs', objectMask(runs, SIZE)],
])('%s', (_, mask) => {
  test('that did not move is what the file says', () => {
    expect(drawMask(mask, SIZE)).toEqual(segmentationMask(polygon, SIZE));
    expect(isUnmoved(mask, SIZE)).toBe(true);
  });

  test('is moved, enlarged and mirrored', () => {
    expect(rowsOf(drawMask(moveMask(mask, { x: 1, y: -3, scaleX: 1, scaleY: 1 }), { height: 6, width: 9 }))).toEqual([
      '000110000',
      '000110000',
      '000110000',
      '000110000',
      '000111110',
      '000111110',
    ]);
    expect(rowsOf(drawMask(moveMask(mask, { x: 9, y: -3, scaleX: -1, scaleY: 1 }), { height: 6, width: 9 }))).toEqual([
      '000001100',
      '000001100',
      '000001100',
      '000001100',
      '001111100',
      '001111100',
    ]);
    const large = drawMask(moveMask(mask, { x: 0, y: 0, scaleX: 2, scaleY: 3 }), { height: 27, width: 24 });
    expect([maskBox(large), maskArea(large)]).toEqual([[4, 9, 10, 18], (2 * 6 + 3 * 2) * 6]);
  });

  test('is cut where its picture was, and stays so on a larger one', () => {
    const part = moveMask(cutMask(mask, [0, 0, 6, 8]), { x: 3, y: 0, scaleX: 1, scaleY: 1 });
    const drawn = drawMask(part, { height: 12, width: 20 });
    expect([maskBox(drawn), maskArea(drawn)]).toEqual([[5, 3, 4, 5], 2 * 5 + 2]);
    const none = drawMask(cutMask(part, [0, 0, 5, 12]), SIZE);
    expect([maskArea(none), none.runs]).toEqual([0, Uint32Array.of(108)]);
    expect(isUnmoved(part, SIZE)).toBe(false);
  });

  test('outside of the picture is nothing', () => {
    const away = drawMask(moveMask(mask, { x: 100, y: 0, scaleX: 1, scaleY: 1 }), SIZE);
    expect(away.runs).toEqual(Uint32Array.of(108));
  });
});

test('several polygons are one object', () => {
  const both = objectMask([...polygon, [9, 0, 11, 0, 11, 2, 9, 2]], SIZE);
  expect(maskArea(drawMask(both, SIZE))).toBe(18 + 4);
});

const maps = fc.record({
  x: fc.integer({ min: -20, max: 20 }),
  y: fc.integer({ min: -20, max: 20 }),
  scaleX: fc.constantFrom(1, -1, 0.5, 2, 1.37),
  scaleY: fc.constantFrom(1, 0.5, 2, 0.81),
});

test('moves in a row are one move; forth and back is none', () => {
  fc.assert(
    fc.property(maps, maps, (a, b) => {
      const { map } = moveMask(moveMask(objectMask(polygon, SIZE), a), b);
      for (const [x, y] of [
        [0, 0],
        [5, 7],
      ] as const) {
        const through = (m: AxisMap, [u, v]: readonly [number, number]) =>
          [u * m.scaleX + m.x, v * m.scaleY + m.y] as const;
        const [u, v] = through(map, [x, y]);
        const [s, t] = through(b, through(a, [x, y]));
        expect(Math.abs(u - s) + Math.abs(v - t)).toBeLessThan(1e-9);
      }
      const back = { x: -a.x / a.scaleX, y: -a.y / a.scaleY, scaleX: 1 / a.scaleX, scaleY: 1 / a.scaleY };
      expect(isUnmoved(moveMask(moveMask(objectMask(polygon, SIZE), a), back), SIZE)).toBe(true);
    }),
  );
});

test('pixels in runs go where their middles go', () => {
  const masks = fc.array(fc.constantFrom(0, 1), { minLength: 108, maxLength: 108 });
  fc.assert(
    fc.property(masks, maps, (pixels, map) => {
      const mask = moveMask(objectMask(cocoMask(encodeMask(pixels, 9, 12)), SIZE), map);
      const drawn = decodeMask(drawMask(mask, { height: 14, width: 15 }));
      for (let y = 0; y < 14; y++) {
        for (let x = 0; x < 15; x++) {
          const [u, v] = [(x + 0.5 - map.x) / map.scaleX, (y + 0.5 - map.y) / map.scaleY];
          // On an edge between pixels either is right.
          if (Math.abs(u - Math.round(u)) < 1e-6 || Math.abs(v - Math.round(v)) < 1e-6) continue;
          const inside = u > 0 && v > 0 && u < 12 && v < 9;
          expect(drawn[y * 15 + x]).toBe(inside ? pixels[Math.floor(v) * 12 + Math.floor(u)] : 0);
        }
      }
    }),
  );
});
