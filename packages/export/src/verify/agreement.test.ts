import { expect, test } from 'vitest';
import { type Agreement, compareDetections, type DetectionSet, joinAgreements } from './agreement.js';

/** Rows of x, score, label: boxes of 10 pixels. */
function set(...rows: readonly (readonly [x: number, score: number, label: number])[]): DetectionSet {
  return {
    boxes: rows.map(([x]) => [x, 0, x + 10, 10]),
    scores: rows.map(([, score]) => score),
    labels: rows.map(([, , label]) => label),
  };
}

const side = { side: 100 };
const none = { absolute: 0, relative: 0 };

test('equal detections agree in any order', () => {
  const [a, b] = [set([0, 0.5, 1], [50, 0.5, 2]), set([50, 0.5, 2], [0, 0.5, 1])];
  expect(compareDetections(a, b, side)).toEqual({ detections: 2, missing: 0, additional: 0, score: none, box: none });
});

test('differences are the largest ones of the same detection', () => {
  const [a, b] = [set([0, 0.5, 1], [50, 0.8, 2]), set([50, 0.8, 2], [1, 0.25, 1])];
  expect(compareDetections(a, b, side)).toEqual({
    detections: 2,
    missing: 0,
    additional: 0,
    score: { absolute: 0.25, relative: 0.25 / 0.8 },
    box: { absolute: 1, relative: 0.01 },
  });
});

test('another class or place is another detection, on both sides', () => {
  const [a, b] = [set([0, 0.5, 1], [50, 0.5, 2]), set([0, 0.5, 3], [56, 0.5, 2], [90, 0.9, 1])];
  expect(compareDetections(a, b, side)).toMatchObject({ detections: 2, missing: 2, additional: 3 });
});

test('masks are those of the same detection; one that lacks its mask, or has a smaller one, is infinitely different', () => {
  const [a, b] = [set([0, 0.5, 1], [50, 0.8, 2]), set([50, 0.8, 2], [1, 0.5, 1])];
  const [first, second] = [
    [0.25, 0.5],
    [1, 0],
  ] as const;
  const difference = (masks: DetectionSet['masks']) =>
    compareDetections({ ...a, masks: [first, second] }, masks ? { ...b, masks } : b, side).mask;
  expect(difference([second, first])).toEqual(none);
  expect(difference([second, [0.25, 0.375]])).toEqual({ absolute: 0.125, relative: 0.125 });
  expect(difference([first, second])!.absolute).toBe(0.75);
  expect(difference([second, [0.25]])!.absolute).toBe(Number.POSITIVE_INFINITY);
  expect(difference(undefined)!.absolute).toBe(Number.POSITIVE_INFINITY);
  expect(compareDetections(a, b, side)).not.toHaveProperty('mask');
});

test('weak detections are not looked for, but found', () => {
  const [a, b] = [set([0, 0.11, 1]), set([0, 0.09, 1], [50, 0.06, 2])];
  expect(compareDetections(a, b, side)).toMatchObject({ detections: 1, missing: 0, additional: 0 });
  expect(compareDetections(a, b, { ...side, minScore: 0.05 })).toMatchObject({ additional: 1 });
  expect(compareDetections(set(), set(), side)).toMatchObject({ detections: 0, missing: 0, additional: 0 });
});

test('of two boxes in a place the one with the nearer score is the same', () => {
  const [a, b] = [set([0, 0.9, 1], [1, 0.3, 1]), set([0, 0.3, 1], [1, 0.9, 1])];
  expect(compareDetections(a, b, side).score.absolute).toBe(0);
});

test('what is not a number is found nowhere', () => {
  expect(compareDetections(set([0, 0.5, 1]), set([0, Number.NaN, 1]), side)).toMatchObject({
    missing: 1,
    additional: 1,
  });
  expect(compareDetections(set([Number.NaN, 0.5, 1]), set([0, 0.5, 1]), side)).toMatchObject({ missing: 1 });
});

test('agreements are joined by counts and by the worst', () => {
  const a: Agreement = { detections: 2, missing: 1, additional: 0, score: { absolute: 0.1, relative: 0.2 }, box: none };
  const b: Agreement = { detections: 1, missing: 0, additional: 3, score: { absolute: 0.2, relative: 0.1 }, box: none };
  const score = { absolute: 0.2, relative: 0.2 };
  expect(joinAgreements(a, b)).toEqual({ detections: 3, missing: 1, additional: 3, score, box: none });
});
