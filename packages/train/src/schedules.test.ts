import { NatsError } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import { constantRate, cosineDecay, stepDecay, withWarmUp } from './schedules.js';

describe('schedules', () => {
  test('a constant rate stays', () => {
    expect([0, 10, 1e6].map(constantRate(0.1))).toEqual([0.1, 0.1, 0.1]);
  });

  test('step decay multiplies from each milestone on', () => {
    const rates = [0, 9, 10, 19, 20, 100].map(stepDecay({ rate: 1, milestones: [10, 20], factor: 0.5 }));
    expect(rates).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25]);
  });

  test('falling milestones are refused', () => {
    expect(() => stepDecay({ rate: 1, milestones: [20, 10] })).toThrow(NatsError);
  });

  test('cosine decay starts at the rate, is halfway in the middle, and stays at its floor', () => {
    const schedule = cosineDecay({ rate: 1, floor: 0.2, steps: 100 });
    expect(schedule(0)).toBe(1);
    expect(schedule(50)).toBeCloseTo(0.6, 12);
    expect(schedule(100)).toBeCloseTo(0.2, 12);
    expect(schedule(1000)).toBeCloseTo(0.2, 12);
  });

  test('warm-up scales the first steps of any schedule and leaves the others alone', () => {
    const schedule = withWarmUp(stepDecay({ rate: 2, milestones: [8] }), { steps: 4, start: 0.5 });
    expect([0, 1, 2, 3, 4, 7, 8].map(schedule)).toEqual([1, 1.25, 1.5, 1.75, 2, 2, 0.2]);
  });
});
