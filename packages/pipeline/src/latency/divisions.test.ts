import { anisotropicGenotypes, isotropicGenotypes } from '@nats/space';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { choiceOf, measuredDivisions } from './divisions.js';

const sizesOf = (counts: readonly number[]) => counts.filter((count) => count > 0).sort((a, b) => b - a);

test('every way to part eighths is measured once, and two that part none', () => {
  const divisions = measuredDivisions(isotropicGenotypes(3), 64, 1);
  expect(divisions.slice(0, 3)).toEqual([
    [64, 0, 0],
    [0, 64, 0],
    [0, 0, 64],
  ]);
  const eighths = divisions.slice(3, -2).map((counts) =>
    sizesOf(counts)
      .map((size) => size / 8)
      .join('+'),
  );
  expect(eighths).toEqual(['7+1', '6+2', '6+1+1', '5+3', '5+2+1', '4+4', '4+3+1', '4+2+2', '3+3+2']);
  expect(divisions.slice(-2).map(sizesOf)).toEqual([
    [34, 30],
    [34, 18, 12],
  ]);
  expect(measuredDivisions(anisotropicGenotypes(3), 64, 1)).toHaveLength(9 + 21 + 2);
});

test('counts sum to the channels, in whole units, whatever they are', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 6 }),
      (genotypes, units, unit) => {
        const divisions = measuredDivisions(isotropicGenotypes(genotypes), units * unit, unit);
        const keys = divisions.map((counts) => counts.join());
        expect(new Set(keys).size).toBe(keys.length);
        for (const counts of divisions) {
          expect(counts).toHaveLength(genotypes);
          expect(counts.reduce((a, b) => a + b, 0)).toBe(units * unit);
          expect(counts.every((count) => count >= 0 && count % unit === 0)).toBe(true);
          for (const order of ['spread', 'contiguous'] as const) {
            const choice = choiceOf(counts, unit, order);
            expect(counts.map((_, g) => choice.filter((own) => own === g).length)).toEqual([...counts]);
            for (let c = 0; c < choice.length; c++) expect(choice[c]).toBe(choice[c - (c % unit)]);
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('channels are spread evenly, or lie together', () => {
  expect([...choiceOf([4, 2, 2], 1, 'spread')]).toEqual([0, 0, 1, 1, 2, 2, 0, 0]);
  expect([...choiceOf([4, 2, 2], 1, 'contiguous')]).toEqual([0, 0, 0, 0, 1, 1, 2, 2]);
});
