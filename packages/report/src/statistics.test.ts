import { describe, expect, test } from 'vitest';
import { difference, spread } from './statistics.js';

const seeded = (values: readonly number[], first = 1) => values.map((value, i) => ({ seed: first + i, value }));

test('spread', () => {
  expect(spread([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, deviation: Math.sqrt(32 / 7) });
  expect(spread([3])).toEqual({ mean: 3 });
});

describe('difference', () => {
  test('of one run each is unknown', () => {
    expect(difference(seeded([20]), seeded([23]))).toEqual({ mean: 3, paired: true, verdict: 'unknown' });
    expect(difference(seeded([20]), seeded([23], 9))).toEqual({ mean: 3, paired: false, verdict: 'unknown' });
    expect(difference(seeded([20, 21]), seeded([23]))?.verdict).toBe('unknown');
    expect(difference([], seeded([23]))).toBeUndefined();
  });

  test('of equal seeds is paired, whatever their order: a steady gain shows under a large spread', () => {
    const a = seeded([10, 20, 30]);
    const b = [...seeded([11, 21.2, 30.8])].reverse();
    const found = difference(a, b)!;
    // Differences 1, 1.2, 0.8: deviation 0.2, t 4.303 for 2 degrees of freedom.
    expect(found.mean).toBeCloseTo(1, 12);
    expect(found.interval![0]).toBeCloseTo(1 - (4.303 * 0.2) / Math.sqrt(3), 10);
    expect(found).toMatchObject({ paired: true, verdict: 'beyond' });
  });

  test('of other seeds goes by Welch: the same gain is lost in the spread', () => {
    const found = difference(seeded([10, 20, 30]), seeded([11, 21.2, 30.8], 7))!;
    expect(found).toMatchObject({ paired: false, verdict: 'within' });
    expect(found.interval![0]).toBeLessThan(0);
  });

  test('runs without a seed, or twice with one, are not paired', () => {
    const none = [{ value: 1 }, { value: 2 }];
    expect(difference(none, none)?.paired).toBe(false);
    const twice = [
      { seed: 1, value: 1 },
      { seed: 1, value: 2 },
    ];
    expect(difference(twice, seeded([1, 2]))?.paired).toBe(false);
  });

  test('no difference at all is within', () => {
    expect(difference(seeded([1, 1]), seeded([1, 1]))?.verdict).toBe('within');
    expect(difference(seeded([1, 1]), seeded([2, 2], 5))?.verdict).toBe('beyond');
  });
});
