import { expect, test } from 'vitest';
import type { CocoDetection } from './coco-format.js';
import { evaluateVoc, type VocAnnotation } from './voc.js';

const object = (id: number, x: number, difficult: 0 | 1 = 0): VocAnnotation => ({
  id,
  image_id: 1,
  category_id: 1,
  bbox: [x, 0, 10, 10],
  area: 100,
  difficult,
});
const detection = (x: number, score: number): CocoDetection => ({
  image_id: 1,
  category_id: 1,
  bbox: [x, 0, 10, 10],
  score,
});
const truth = (...annotations: VocAnnotation[]) => ({
  images: [{ id: 1 }],
  categories: [{ id: 1 }, { id: 2 }],
  annotations,
});

test('precision over recall, by area and at eleven points', () => {
  // Right at 0.9, wrong at 0.8, right at 0.7: recalls 1/2, 1/2, 1 and precisions 1, 1/2, 2/3.
  const found = [detection(0, 0.9), detection(50, 0.8), detection(20, 0.7)];
  const annotations = truth(object(1, 0), object(2, 20));
  expect(evaluateVoc(annotations, found).perCategory[0]).toBeCloseTo(0.5 * 1 + 0.5 * (2 / 3), 12);
  expect(evaluateVoc(annotations, found, { year: 2007 }).perCategory[0]).toBeCloseTo((6 * 1 + 5 * (2 / 3)) / 11, 12);
});

test('a second detection of an object is wrong; difficult objects do not count either way', () => {
  expect(evaluateVoc(truth(object(1, 0)), [detection(0, 0.5), detection(1, 0.9)]).perCategory[0]).toBeCloseTo(1, 12);
  const doubled = evaluateVoc(truth(object(1, 0), object(2, 30)), [
    detection(0, 0.9),
    detection(1, 0.8),
    detection(30, 0.7),
  ]);
  expect(doubled.perCategory[0]).toBeCloseTo(0.5 + 0.5 * (2 / 3), 12);
  const difficult = evaluateVoc(truth(object(1, 0), object(2, 30, 1)), [detection(30, 0.9), detection(0, 0.8)]);
  expect(difficult.perCategory[0]).toBeCloseTo(1, 12);
});

test('categories without objects are left out of the mean', () => {
  const result = evaluateVoc(truth(object(1, 0)), []);
  expect(result.perCategory).toEqual([0, Number.NaN]);
  expect(result.mean).toBe(0);
  expect(evaluateVoc(truth(), [detection(0, 1)]).mean).toBeNaN();
});
