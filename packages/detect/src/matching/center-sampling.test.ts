import { expect, test } from 'vitest';
import { floats, ints, valuesOf } from '../../test/values-of.js';
import { generatePoints } from '../boxes/anchors.js';
import { fcosRanges, matchByCenter } from './center-sampling.js';

const { boxes: points, counts } = generatePoints(
  [32, 32],
  [
    [4, 4],
    [2, 2],
  ],
  [8, 16],
  'center',
);

function assign(objects: readonly (readonly number[])[], labels = objects.map(() => 0), radius = 1.5) {
  const targets = { boxes: floats([1, objects.length, 4], objects.flat()), labels: ints([1, objects.length], labels) };
  const { matched, foreground } = valuesOf({
    ...matchByCenter(points, counts, targets, {
      radius,
      ranges: [
        [0, 10],
        [10, 1e9],
      ],
    }),
  });
  return Array.from(foreground.data, (is, i) => (is ? matched.data[i]! : -1));
}

test('points inside a box, near its center and in their range, answer for it', () => {
  // Centers at 4, 12, 20, 28: only (12, 12) and its neighbors within 12 pixels of the center (12, 12) and inside.
  expect(assign([[8, 8, 16, 16]]).flatMap((m, i) => (m === 0 ? [i] : []))).toEqual([5]);
  // Its farthest side is more than 10 pixels from every point: the coarse level answers.
  expect(assign([[0, 0, 32, 32]]).slice(0, 16)).toEqual(new Array(16).fill(-1));
  expect(assign([[0, 0, 32, 32]]).slice(16)).toEqual([0, 0, 0, 0]);
});

test('of several objects the smallest wins, and padding never does', () => {
  expect(
    assign([
      [4, 4, 20, 20],
      [8, 8, 16, 16],
    ])[5],
  ).toBe(1);
  expect(
    assign(
      [
        [4, 4, 20, 20],
        [8, 8, 16, 16],
      ],
      [0, -1],
    )[5],
  ).toBe(0);
  expect(assign([[4, 4, 20, 20]], [-1]).every((m) => m === -1)).toBe(true);
});

test("FCOS's ranges are 4 to 8 strides, open at both ends", () => {
  expect(fcosRanges([8, 16, 32])).toEqual([
    [0, 64],
    [64, 128],
    [128, Number.POSITIVE_INFINITY],
  ]);
});
