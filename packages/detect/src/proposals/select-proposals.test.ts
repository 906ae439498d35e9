import { tensorData } from '@nats/graph';
import { expect, test } from 'vitest';
import { floats, valuesOf } from '../../test/values-of.js';
import { largeEnough, selectProposals } from './select-proposals.js';

const SQUARES = [0, 0, 10, 10, 1, 0, 11, 10, 30, 30, 40, 40, 0, 0, 20, 20, -30, -30, -10, -10];
const anchors = { boxes: tensorData('float32', [5, 4], SQUARES), counts: [3, 2] };
const select = (scores: readonly number[], maxProposals = 4, candidatesPerLevel = 10) => {
  const rpn = { objectness: floats([1, 5], scores), offsets: floats([1, 5, 4], new Array(20).fill(0)) };
  const found = valuesOf({
    ...selectProposals(rpn, anchors, { candidatesPerLevel, iouThreshold: 0.7, maxProposals }, [64, 64]),
  });
  return Array.from(found.valid.data, (valid, i) => (valid ? [...found.boxes.data.subarray(i * 4, i * 4 + 4)] : null));
};

test('the best of all levels, in falling order, after suppression level by level', () => {
  // The second overlaps the first by 9 / 11; the fifth lies outside the image and is nothing once clipped.
  expect(select([3, 2, 1, 5, 9])).toEqual([[0, 0, 20, 20], [0, 0, 10, 10], [30, 30, 40, 40], null]);
  expect(select([2, 3, 1, 5, 9], 2)).toEqual([
    [0, 0, 20, 20],
    [1, 0, 11, 10],
  ]);
});

test('only the best of each level are candidates', () => {
  expect(select([3, 2, 4, 5, 1], 2, 1)).toEqual([
    [0, 0, 20, 20],
    [30, 30, 40, 40],
  ]);
});

test('a box needs both sides', () => {
  const { large } = valuesOf({ large: largeEnough(floats([1, 3, 4], [0, 0, 2, 2, 0, 0, 2, 1, 0, 0, 1, 2]), 2) });
  expect([...large.data]).toEqual([1, 0, 0]);
});
