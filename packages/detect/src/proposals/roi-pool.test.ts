import { roiAlign } from '@nats/graph';
import { expect, test } from 'vitest';
import { floats, valuesOf } from '../../test/values-of.js';
import { fpnBoundaries, levelOfBox, roiPool } from './roi-pool.js';

test("boxes of 224 pixels belong to stride 16, half of that to half the stride: torchvision's mapper", () => {
  const boundaries = fpnBoundaries([4, 8, 16, 32]);
  expect(boundaries).toEqual([112, 224, 448]);
  const sides = [1, 111, 112, 223, 224, 447, 448, 2000];
  const boxes = floats(
    [1, sides.length, 4],
    sides.flatMap((side) => [3, 5, 3 + side, 5 + side]),
  );
  const expected = sides.map((side) => Math.min(3, Math.max(0, Math.floor(4 + Math.log2(side / 224) + 1e-6) - 2)));
  expect([...valuesOf({ level: levelOfBox(boxes, boundaries) }).level.data]).toEqual(expected);
});

test('each box is read from its own level', () => {
  const fine = floats(
    [1, 1, 8, 8],
    Array.from({ length: 64 }, (_, i) => i),
  );
  const coarse = floats(
    [1, 1, 4, 4],
    Array.from({ length: 16 }, (_, i) => 100 + i),
  );
  const boxes = floats([1, 2, 4], [2, 3, 8, 9, 0, 0, 30, 28]);
  const align = (features: typeof fine, spatialScale: number) =>
    roiAlign(features, boxes, { outputSize: 2, spatialScale, samplingRatio: 2 });
  const values = valuesOf({
    pooled: roiPool([fine, coarse], [4, 8], boxes, { size: 2, samplingRatio: 2, boundaries: [16] }),
    fine: align(fine, 1 / 4),
    coarse: align(coarse, 1 / 8),
  });
  expect([...values.pooled.data]).toEqual([...values.fine.data.subarray(0, 4), ...values.coarse.data.subarray(4)]);
});

test('one level needs no boundary, two need one', () => {
  const map = floats([1, 1, 2, 2], [1, 2, 3, 4]);
  const boxes = floats([1, 1, 4], [0, 0, 8, 8]);
  const pool = { size: 1, samplingRatio: 1, boundaries: [] };
  expect(roiPool([map], [4], boxes, pool).shape).toEqual([1, 1, 1, 1, 1]);
  expect(() => roiPool([map, map], [4, 8], boxes, pool)).toThrow(
    /received 0 boundaries for 2.*one boundary of box sizes/,
  );
});
