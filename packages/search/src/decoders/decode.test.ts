import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apportion, apportionMultiples } from './apportion.js';
import { assign, decode, proportionalCounts } from './decode.js';
import { intensities, type Preferences, sharpen } from './preferences.js';
import { transport } from './transport.js';

const preferences: fc.Arbitrary<Preferences> = fc
  .record({
    groups: fc.integer({ min: 1, max: 6 }),
    genotypes: fc.integer({ min: 1, max: 5 }),
    perGroup: fc.integer({ min: 1, max: 4 }),
    unit: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ groups, genotypes, perGroup, unit }) =>
    fc
      .array(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: genotypes, maxLength: genotypes }), {
        minLength: groups,
        maxLength: groups,
      })
      .map((rows) => ({
        probabilities: rows.map((row) => row.map((value) => value / row.reduce((a, b) => a + b, 0))),
        channels: groups * perGroup * unit,
        unit,
      })),
  );

const countsOf = (choice: Int32Array, genotypes: number) =>
  Array.from({ length: genotypes }, (_, g) => choice.filter((value) => value === g).length);

describe('apportion', () => {
  test('sums to the total, within one of the exact share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 300 }),
        (shares, total) => {
          fc.pre(shares.some((share) => share > 0));
          const counts = apportion(shares, total);
          const sum = shares.reduce((a, b) => a + b, 0);
          expect(counts.reduce((a, b) => a + b, 0)).toBe(total);
          for (const [i, count] of counts.entries())
            expect(Math.abs(count - (shares[i]! / sum) * total)).toBeLessThan(1);
        },
      ),
    );
  });

  test('largest remainder, and the smaller index at a tie', () => {
    expect(apportion([0.4, 0.35, 0.25], 10)).toEqual([4, 4, 2]);
    expect(apportion([1, 1, 1], 8)).toEqual([3, 3, 2]);
  });

  test('multiples leave only the remainder of the total over', () => {
    expect(apportionMultiples([0.5, 0.3, 0.2], 64, 16)).toEqual([32, 16, 16]);
    expect(apportionMultiples([0.5, 0.3, 0.2], 20, 8)).toEqual([12, 8, 0]);
    expect(apportionMultiples([0.2, 0.8], 6, 8)).toEqual([0, 6]);
  });

  test('no shares at all is an error', () => {
    expect(() => apportion([0, 0], 4)).toThrow(/not all 0/);
  });
});

describe('decode', () => {
  test('every method gives every channel a genotype; counts are those of the rule', () => {
    fc.assert(
      fc.property(preferences, fc.constantFrom('proportional', 'assignment', 'argmax'), (found, method) => {
        const genotypes = found.probabilities[0]!.length;
        const choice = decode(found, { method });
        expect(choice.length).toBe(found.channels);
        const counts = countsOf(choice, genotypes);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(found.channels);
        if (method !== 'argmax') expect(counts).toEqual(proportionalCounts(found));
        for (let c = 0; c < choice.length; c += found.unit!) {
          expect(new Set(choice.subarray(c, c + found.unit!)).size).toBe(1);
        }
      }),
    );
  });

  test('proportional is contiguous, argmax follows each group, assignment keeps preferences that counts allow', () => {
    const found: Preferences = {
      probabilities: [
        [0.1, 0.9],
        [0.8, 0.2],
        [0.2, 0.8],
        [0.9, 0.1],
      ],
      channels: 8,
    };
    expect(intensities(found)).toEqual([0.5, 0.5]);
    expect([...decode(found, { method: 'proportional' })]).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect([...decode(found, { method: 'argmax' })]).toEqual([1, 1, 0, 0, 1, 1, 0, 0]);
    expect([...decode(found, { method: 'assignment' })]).toEqual([1, 1, 0, 0, 1, 1, 0, 0]);
  });

  test('counts can be rounded to multiples, and weak genotypes dropped', () => {
    const found: Preferences = { probabilities: [[0.6, 0.3, 0.1]], channels: 32 };
    expect(countsOf(decode(found, { method: 'proportional', multiple: 8 }), 3)).toEqual([24, 8, 0]);
    expect(countsOf(decode(found, { method: 'proportional', dropBelowUniform: true }), 3)).toEqual([32, 0, 0]);
    expect(() => decode(found, { method: 'argmax', multiple: 8 })).toThrow(/argmax decides by channel group/);
  });

  test('sharpening keeps distributions; without limit it is argmax', () => {
    const found: Preferences = { probabilities: [[0.5, 0.3, 0.2]], channels: 10 };
    const squared = sharpen(found, 2).probabilities[0]!;
    expect(squared.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    expect(squared[0]! / squared[1]!).toBeCloseTo(25 / 9, 12);
    expect(sharpen(found, Number.POSITIVE_INFINITY).probabilities[0]).toEqual([1, 0, 0]);
  });

  test('ill-formed preferences are refused', () => {
    expect(() => decode({ probabilities: [[0.5, 0.6]], channels: 4 }, { method: 'argmax' })).toThrow(
      /one distribution over the genotypes/,
    );
    expect(() => decode({ probabilities: [[1], [1], [1]], channels: 4 }, { method: 'argmax' })).toThrow(
      /4 channels in 3 groups/,
    );
  });
});

test('the assignment is optimal: no exchange of two channels gains anything', () => {
  fc.assert(
    fc.property(preferences, (found) => {
      const groupSize = found.channels / found.probabilities.length;
      const choice = assign(found, proportionalCounts(found));
      const gain = (channel: number, genotype: number) =>
        found.probabilities[Math.floor(channel / groupSize)]![genotype]!;
      for (let a = 0; a < choice.length; a++) {
        for (let b = 0; b < a; b++) {
          const now = gain(a, choice[a]!) + gain(b, choice[b]!);
          expect(gain(a, choice[b]!) + gain(b, choice[a]!)).toBeLessThanOrEqual(now + 1e-9);
        }
      }
    }),
  );
});

test('transport needs paths that take units back', () => {
  // Source 0 goes to sink 0 first; source 1 can only be placed well if it moves on.
  expect(
    transport(
      [
        [5, 4],
        [5, 0],
      ],
      [1, 1],
      [1, 1],
    ),
  ).toEqual([
    [0, 1],
    [1, 0],
  ]);
});
