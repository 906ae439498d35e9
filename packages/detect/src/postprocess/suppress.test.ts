import fc from 'fast-check';
import { expect, test } from 'vitest';
import { floats, ints, valuesOf } from '../../test/values-of.js';
import { detectionsOf } from './detections.js';
import { suppress } from './suppress.js';

const candidate = fc.record({
  box: fc
    .tuple(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 23 }), fc.integer({ min: 1, max: 23 }))
    .map(([x, y, w, h]) => [x, y, x + w, y + h]),
  score: fc.integer({ min: 0, max: 1000 }).map((score) => Math.fround(score / 1000)),
  label: fc.nat(2),
});

test('equals the suppression outside of programs, which leaves it as it is', () => {
  const options = { scoreThreshold: 0.2, iouThreshold: 0.4, maxDetections: 5 };
  fc.assert(
    fc.property(fc.array(candidate, { minLength: 1, maxLength: 12 }), (all) => {
      const count = all.length;
      const [boxes, scores, labels] = [
        floats(
          [1, count, 4],
          all.flatMap(({ box }) => box),
        ),
        floats(
          [1, count],
          all.map(({ score }) => score),
        ),
        ints(
          [1, count],
          all.map(({ label }) => label),
        ),
      ];
      const before = detectionsOf(valuesOf({ boxes, scores, labels }), options);
      const after = valuesOf({ ...suppress({ boxes, scores, labels }, options, [64, 64]) });
      expect(after.scores.shape).toEqual([1, 5]);
      expect(detectionsOf(after, options)).toEqual(before);
      expect([...after.scores.data.subarray(0, before[0]!.scores.length)]).toEqual(before[0]!.scores);
    }),
    { numRuns: 60 },
  );
});
