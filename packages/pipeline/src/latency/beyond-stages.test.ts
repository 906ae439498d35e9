import { expect, test } from 'vitest';
import { beyondStages, withBeyond } from './beyond-stages.js';

test('what the whole network takes beyond what its stages say, by convolution; never less', () => {
  expect(beyondStages({ twin: 1.02, divided: [1.11, 1.13] }, 1.05, 4)).toBeCloseTo((2.24 / 2.02 - 1.05) / 4, 12);
  expect(beyondStages({ twin: 1, divided: [1.01, 1.03] }, 1.05, 4)).toBe(0);
});

test('is added to divisions, not to convolutions that change as a whole', () => {
  const division = (channels: number[], extra: number) => ({ channels, extra, low: extra - 0.5, high: extra + 0.5 });
  const shape = {
    sites: ['a'],
    channels: 16,
    unit: 1,
    resolution: 0,
    contiguous: 0,
    divisions: [division([0, 16, 0], -0.25), division([8, 8, 0], 1), division([8, 4, 4], 3)],
  };
  expect(withBeyond(shape, 0.25).divisions).toEqual([
    division([0, 16, 0], -0.25),
    division([8, 8, 0], 1.25),
    division([8, 4, 4], 3.25),
  ]);
});
