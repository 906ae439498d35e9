import { reshape } from '@nats/graph';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rows, valuesOf } from '../../test/values-of.js';
import { boxIou } from './box-iou.js';

const box = fc
  .tuple(
    fc.integer({ min: -5, max: 20 }),
    fc.integer({ min: -5, max: 20 }),
    fc.integer({ min: 0, max: 9 }),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([x, y, w, h]) => [x, y, x + w, y + h]);

/** Counts unit cells: boxes with whole coordinates are sets of pixels. */
function countedIou(a: readonly number[], b: readonly number[]): number {
  let both = 0;
  let either = 0;
  for (let x = -6; x < 40; x++) {
    for (let y = -6; y < 40; y++) {
      const [inA, inB] = [a, b].map((c) => x >= c[0]! && x < c[2]! && y >= c[1]! && y < c[3]!);
      if (inA && inB) both++;
      if (inA || inB) either++;
    }
  }
  return either === 0 ? 0 : both / either;
}

test('equals counting pixels, empty boxes included', () => {
  fc.assert(
    fc.property(
      fc.array(box, { minLength: 1, maxLength: 4 }),
      fc.array(box, { minLength: 1, maxLength: 3 }),
      (anchors, boxes) => {
        const iou = boxIou(rows(...anchors), reshape(rows(...boxes), [1, boxes.length, 4]));
        const expected = anchors.flatMap((a) => boxes.map((b) => countedIou(a, b)));
        const { data } = valuesOf({ iou }).iou;
        for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, 9);
      },
    ),
    { numRuns: 40 },
  );
});
