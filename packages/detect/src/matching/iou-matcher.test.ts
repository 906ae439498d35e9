import fc from 'fast-check';
import { expect, test } from 'vitest';
import { floats, ints, rows, valuesOf } from '../../test/values-of.js';
import { boxIou } from '../boxes/box-iou.js';
import { matchByIou } from './iou-matcher.js';

const OPTIONS = { foregroundIou: 0.5, backgroundIou: 0.4, lowQualityMatches: true };

const box = fc
  .tuple(
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 1, max: 15 }),
    fc.integer({ min: 1, max: 15 }),
  )
  .map(([x, y, w, h]) => [x, y, x + w, y + h]);

test('follows the rule on random boxes: best overlap, thresholds, low quality matches', () => {
  fc.assert(
    fc.property(
      fc.array(box, { minLength: 1, maxLength: 8 }),
      fc.array(box, { minLength: 1, maxLength: 3 }),
      (anchors, objects) => {
        const boxes = floats([1, objects.length + 1, 4], [...objects.flat(), 0, 0, 20, 20]);
        const labels = ints([1, objects.length + 1], [...objects.map(() => 0), -1]);
        const values = valuesOf({
          ...matchByIou(rows(...anchors), { boxes, labels }, OPTIONS),
          iou: boxIou(rows(...anchors), boxes),
        });
        const columns = objects.length + 1;
        const overlapOf = (a: number, m: number) => values.iou.data[a * columns + m]!;
        const bestOf = objects.map((_, m) => Math.max(...anchors.map((_, a) => overlapOf(a, m))));
        for (const a of anchors.keys()) {
          const overlaps = objects.map((_, m) => overlapOf(a, m));
          const best = Math.max(...overlaps);
          const isBest = overlaps.some((overlap, m) => overlap > 0 && overlap === bestOf[m]);
          const foreground = best >= 0.5 || isBest;
          expect(Boolean(values.foreground.data[a])).toBe(foreground);
          expect(Boolean(values.ignored.data[a])).toBe(!foreground && best >= 0.4);
          if (foreground) expect(values.matched.data[a]).toBe(overlaps.indexOf(best));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('an image without objects has only background', () => {
  const targets = { boxes: floats([1, 1, 4], [0, 0, 8, 8]), labels: ints([1, 1], [-1]) };
  const values = valuesOf({ ...matchByIou(rows([0, 0, 8, 8]), targets, OPTIONS) });
  expect([values.foreground.data[0], values.ignored.data[0]]).toEqual([0, 0]);
});

test('an object that overlaps no anchor makes none foreground', () => {
  const targets = { boxes: floats([1, 1, 4], [50, 50, 60, 60]), labels: ints([1, 1], [2]) };
  const values = valuesOf({ ...matchByIou(rows([0, 0, 8, 8], [8, 8, 16, 16]), targets, OPTIONS) });
  expect([...values.foreground.data]).toEqual([0, 0]);
});
