import { constant, tensorData } from '@nats/graph';
import { expect, test } from 'vitest';
import { floats, ints, valuesOf } from '../../test/values-of.js';
import { encodeBoxes } from '../boxes/box-coder.js';
import { firstPlaces, sampleProposals } from './sample-proposals.js';
import { samplingKeys } from './sampling-keys.js';

const flags = (values: readonly number[]) => constant(tensorData('bool', [1, values.length], values));
const proposals = {
  boxes: floats([1, 4, 4], [0, 0, 10, 10, 0, 0, 10, 8, 40, 40, 60, 60, 5, 5, 5, 5]),
  valid: flags([1, 1, 1, 0]),
};
const targets = { boxes: floats([1, 2, 4], [0, 0, 10, 9, 0, 0, 0, 0]), labels: ints([1, 2], [3, -1]) };
const draw = (labels = targets.labels, size = 6) =>
  sampleProposals(proposals, { ...targets, labels }, constant(samplingKeys(1, 6, 5)), 0.5, {
    size,
    foregroundShare: 0.5,
  });

test('foreground first, with its object and label; then background; objects themselves are among the candidates', () => {
  const sampled = draw();
  const values = valuesOf({ ...sampled, offsets: encodeBoxes(sampled.targets, sampled.boxes) });
  expect([...values.labels.data]).toEqual([3, 3, 3, -1, -1, -1]);
  expect([...values.foreground.data]).toEqual([1, 1, 1, 0, 0, 0]);
  expect([...values.valid.data]).toEqual([1, 1, 1, 1, 0, 0]);
  const boxes = Array.from({ length: 4 }, (_, i) => [...values.boxes.data.subarray(i * 4, i * 4 + 4)]);
  expect(new Set(boxes.slice(0, 3).map(String))).toEqual(new Set(['0,0,10,10', '0,0,10,8', '0,0,10,9']));
  expect(boxes[3]).toEqual([40, 40, 60, 60]);
  expect([...values.targets.data.subarray(0, 4)]).toEqual([0, 0, 10, 9]);
  expect(values.offsets.data.every(Number.isFinite)).toBe(true);
});

test('an image without objects gives background only', () => {
  const values = valuesOf({ ...draw(ints([1, 2], [-1, -1])) });
  expect([...values.labels.data]).toEqual([-1, -1, -1, -1, -1, -1]);
  expect([...values.valid.data]).toEqual([1, 1, 1, 0, 0, 0]);
});

test('a share of the places can be looked at alone', () => {
  const values = valuesOf({ ...firstPlaces(draw(), 2) });
  expect(values.boxes.shape).toEqual([1, 2, 4]);
  expect([...values.foreground.data]).toEqual([1, 1]);
});
