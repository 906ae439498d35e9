import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rows, valuesOf } from '../../test/values-of.js';
import { clipBoxes, decodeBoxes, decodeDistances, encodeBoxes, encodeDistances } from './box-coder.js';

const coordinate = fc.double({ min: -50, max: 50, noNaN: true });
const side = fc.double({ min: 1, max: 60, noNaN: true });
const box = fc.tuple(coordinate, coordinate, side, side).map(([x, y, w, h]) => [x, y, x + w, y + h]);

test('decoding inverts encoding, for offsets and for distances', () => {
  fc.assert(
    fc.property(box, box, (target, anchor) => {
      const [t, a] = [rows(target), rows(anchor)];
      const values = valuesOf({
        offsets: decodeBoxes(encodeBoxes(t, a, [10, 10, 5, 5]), a, [10, 10, 5, 5]),
        distances: decodeDistances(encodeDistances(t, a), a),
      });
      for (const { data } of Object.values(values)) {
        for (let i = 0; i < 4; i++) expect(data[i]).toBeCloseTo(target[i]!, 4);
      }
    }),
    { numRuns: 50 },
  );
});

test('an anchor that fits has offsets 0; shifts count in anchor sizes, scales in logarithms', () => {
  const anchor = rows([10, 20, 30, 60]);
  const values = valuesOf({ same: encodeBoxes(anchor, anchor), moved: encodeBoxes(rows([20, 20, 60, 60]), anchor) });
  expect([...values.same.data]).toEqual([0, 0, 0, 0]);
  expect(values.moved.data[0]).toBeCloseTo(1); // 20 pixels right of a 20 pixel wide anchor
  expect(values.moved.data[2]).toBeCloseTo(Math.log(2));
});

test('log scales are cut at log(1000 / 16)', () => {
  const { wide } = valuesOf({ wide: decodeBoxes(rows([0, 0, 50, 50]), rows([0, 0, 16, 16])) });
  expect(wide.data[2]! - wide.data[0]!).toBeCloseTo(1000, 3);
});

test('clipping keeps boxes inside the image', () => {
  const { clipped } = valuesOf({ clipped: clipBoxes(rows([-5, -5, 200, 50]), 40, 100) });
  expect([...clipped.data]).toEqual([0, 0, 100, 40]);
});
