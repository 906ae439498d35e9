import type { CandidateValues } from '@nats/detect';
import { tensorData } from '@nats/graph';
import { expect, test } from 'vitest';
import { compareCandidates } from '../src/demo/agreement.js';

const values = (rows: readonly (readonly [number, number, number])[]): CandidateValues => ({
  boxes: tensorData(
    'float32',
    [1, rows.length, 4],
    rows.flatMap(([x]) => [x, 0, x + 10, 10]),
  ),
  scores: tensorData(
    'float32',
    [1, rows.length],
    rows.map(([, score]) => score),
  ),
  labels: tensorData(
    'int32',
    [1, rows.length],
    rows.map(([, , label]) => label),
  ),
});

test('equal detections agree, whatever the order of equal scores', () => {
  const a = values([
    [0, 0.5, 1],
    [50, 0.5, 2],
  ]);
  const b = values([
    [50, 0.5, 2],
    [0, 0.5, 1],
  ]);
  expect(compareCandidates(a, b, 100)).toEqual({ detections: 2, missing: 0, score: 0, box: 0 });
});

test('differences are found', () => {
  const a = values([
    [0, 0.5, 1],
    [50, 0.5, 2],
  ]);
  const b = values([
    [50, 0.5, 3],
    [1, 0.25, 1],
  ]);
  const { detections, missing, score, box } = compareCandidates(a, b, 100);
  expect([detections, missing, score]).toEqual([2, 1, 0.5]);
  expect(box).toBeCloseTo(0.01, 6);
});

test('a score that is not a number is a difference', () => {
  expect(compareCandidates(values([[0, 0.5, 1]]), values([[0, Number.NaN, 1]]), 100).score).toBe(
    Number.POSITIVE_INFINITY,
  );
});
