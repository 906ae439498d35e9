import { constant, tensorData } from '@nats/graph';
import { expect, test } from 'vitest';
import { floats, valuesOf } from '../../test/values-of.js';
import { selectBoxCandidates } from './box-candidates.js';

const valid = constant(tensorData('bool', [1, 2], [1, 0]));
const scores = floats([1, 2, 2], [0.2, 0.7, 0.9, 0.9]);

test('pairs of box and class in falling order of score; those of no proposal or without area have the score 0', () => {
  const boxes = floats([1, 2, 2, 4], [0, 0, 9, 9, -5, 2, 90, 7, 1, 1, 2, 2, 1, 1, 2, 2]);
  const found = valuesOf({ ...selectBoxCandidates(boxes, scores, valid, 3, [32, 64]) });
  expect(Array.from(found.scores.data, Math.fround)).toEqual([0.7, 0.2, 0].map(Math.fround));
  expect([...found.labels.data.subarray(0, 2)]).toEqual([1, 0]);
  expect([...found.boxes.data.subarray(0, 8)]).toEqual([0, 2, 64, 7, 0, 0, 9, 9]);
  const flat = floats([1, 2, 2, 4], [0, 0, 9, 9, 5, 2, 5, 7, 1, 1, 2, 2, 1, 1, 2, 2]);
  expect([...valuesOf({ ...selectBoxCandidates(flat, scores, valid, 4, [32, 64]) }).scores.data]).toEqual([
    Math.fround(0.2),
    0,
    0,
    0,
  ]);
});

test('one box may stand for all classes', () => {
  const boxes = floats([1, 2, 1, 4], [0, 0, 9, 9, 1, 1, 2, 2]);
  const found = valuesOf({ ...selectBoxCandidates(boxes, scores, valid, 2, [32, 64]) });
  expect([...found.boxes.data]).toEqual([0, 0, 9, 9, 0, 0, 9, 9]);
  expect([...found.labels.data]).toEqual([1, 0]);
});
