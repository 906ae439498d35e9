import { expect, test } from 'vitest';
import { createThinnedPoints, downsample } from './downsample.js';

test('few points stay as they are', () => {
  const points = [{ step: 1, loss: 2 }];
  expect(downsample(points, 1)).toEqual({ points, each: 1 });
});

test('neighbors become their mean; what some lack is averaged over the others', () => {
  const points = [
    { step: 1, a: 1 },
    { step: 2, a: 3, b: 5 },
    { step: 3, a: 10, b: Number.NaN },
  ];
  expect(downsample(points, 2)).toEqual({
    points: [
      { step: 2, a: 2, b: 5 },
      { step: 3, a: 10, b: Number.NaN },
    ],
    each: 2,
  });
});

test('never more points than the limit', () => {
  for (const count of [1, 99, 100, 101, 250, 1000]) {
    const { points } = downsample(
      Array.from({ length: count }, (_, step) => ({ step })),
      100,
    );
    expect(points.length).toBeLessThanOrEqual(100);
    expect(points.at(-1)!.step).toBe(count - 1);
  }
});

test('a curve of any length keeps a bounded number of points, whose mean stays', () => {
  const kept = createThinnedPoints<{ step: number; loss: number }>(8);
  for (let step = 1; step <= 1000; step++) kept.add({ step, loss: step });
  const points = kept.all();
  expect(points.length).toBeLessThanOrEqual(8);
  expect(points.length).toBeGreaterThan(3);
  expect(points.at(-1)!.step).toBe(1000);
  const few = createThinnedPoints<{ step: number; loss: number }>(8);
  for (let step = 1; step <= 7; step++) few.add({ step, loss: step });
  expect(few.all()).toHaveLength(7);
});
