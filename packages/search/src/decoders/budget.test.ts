import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BudgetedSite, COST_STEP, decodeUnderBudget } from './budget.js';
import { decode } from './decode.js';
import type { Preferences } from './preferences.js';

const SITES = 3;

/** Small sites with costs by whole steps, so that rounding plays no part; counts of one genotype cost nothing for genotype 0. */
const problem = fc
  .record({ genotypes: fc.integer({ min: 1, max: 3 }), seed: fc.array(fc.nat(1000), { minLength: 60, maxLength: 60 }) })
  .map(({ genotypes, seed }) =>
    Array.from({ length: SITES }, (_, s): BudgetedSite => {
      const groups = 1 + (seed[s]! % 4);
      const probabilities = Array.from({ length: groups }, (_, k) => {
        const raw = Array.from({ length: genotypes }, (_, g) => 1 + seed[(7 * s + 3 * k + g) % 60]!);
        const total = raw.reduce((a, b) => a + b, 0);
        return raw.map((value) => value / total);
      });
      const costs = new Map<string, number>();
      return {
        preferences: { probabilities, channels: 2 * groups },
        cost: (counts) => {
          if (counts[0] === 2 * groups) return 0;
          const key = counts.join();
          if (!costs.has(key)) {
            const number = [...key].reduce((hash, letter) => (31 * hash + letter.charCodeAt(0)) % 9973, s);
            costs.set(key, (seed[number % 60]! % 40) * COST_STEP);
          }
          return costs.get(key)!;
        },
      };
    }),
  );

const scoreOf = ({ probabilities, channels }: Preferences, choice: ArrayLike<number>) =>
  Array.from(choice).reduce(
    (sum, g, c) => sum + Math.log(probabilities[Math.floor((c * probabilities.length) / channels)]![g]!),
    0,
  );
const countsOf = (choice: ArrayLike<number>, genotypes: number) =>
  Array.from({ length: genotypes }, (_, g) => Array.from(choice).filter((own) => own === g).length);
const costOf = ({ cost, preferences }: BudgetedSite, choice: ArrayLike<number>) =>
  Math.round(cost(countsOf(choice, preferences.probabilities[0]!.length)) / COST_STEP);

/** All choices of whole groups of one site. */
function every({ probabilities, channels }: Preferences): number[][] {
  const size = channels / probabilities.length;
  return probabilities.reduce<number[][]>(
    (known, row) => known.flatMap((choice) => row.map((_, g) => [...choice, ...new Array<number>(size).fill(g)])),
    [[]],
  );
}

test('nothing within the budget is better: brute force', () => {
  fc.assert(
    fc.property(problem, fc.nat(80), (sites, steps) => {
      let best = Number.NEGATIVE_INFINITY;
      // Of each site the best value for each cost is enough.
      const values = sites.map((site) => {
        const byCost = new Map<number, number>();
        for (const choice of every(site.preferences)) {
          const cost = costOf(site, choice);
          const value = scoreOf(site.preferences, choice);
          byCost.set(cost, Math.max(value, byCost.get(cost) ?? Number.NEGATIVE_INFINITY));
        }
        return [...byCost];
      });
      for (const [a, x] of values[0]!)
        for (const [b, y] of values[1]!)
          for (const [c, z] of values[2]!) if (a + b + c <= steps) best = Math.max(best, x + y + z);
      const { choices, value, cost } = decodeUnderBudget(sites, steps * COST_STEP);
      const [found, spent] = [
        choices.reduce((sum, choice, i) => sum + scoreOf(sites[i]!.preferences, choice), 0),
        choices.reduce((sum, choice, i) => sum + costOf(sites[i]!, choice), 0),
      ];
      expect(found).toBeCloseTo(best, 9);
      expect(value).toBeCloseTo(best, 9);
      expect(spent).toBeLessThanOrEqual(steps);
      expect(cost).toBeCloseTo(spent * COST_STEP, 12);
    }),
  );
});

test('a larger budget is never worse, and without limit it is argmax', () => {
  fc.assert(
    fc.property(problem, fc.nat(120), fc.nat(40), (sites, steps, more) => {
      const [less, much] = [steps, steps + more].map((limit) => decodeUnderBudget(sites, (limit + 0.5) * COST_STEP));
      expect(much!.value).toBeGreaterThanOrEqual(less!.value);
      expect(decodeUnderBudget(sites, (steps + 0.5) * COST_STEP)).toEqual(less);
      const free = decodeUnderBudget(sites, Number.POSITIVE_INFINITY);
      const argmax = sites.map(({ preferences }) => scoreOf(preferences, decode(preferences, { method: 'argmax' })));
      expect(free.value).toBeCloseTo(
        argmax.reduce((a, b) => a + b),
        9,
      );
    }),
  );
});

test('what makes the network faster pays for nothing else', () => {
  const preferences: Preferences = { probabilities: [[0.1, 0.9]], channels: 4 };
  const faster: BudgetedSite = { preferences, cost: ([plain]) => (plain === 4 ? 0 : -0.5) };
  const slower: BudgetedSite = { preferences, cost: ([plain]) => (plain === 4 ? 0 : 0.1) };
  expect(decodeUnderBudget([faster, slower], 0).choices.map((choice) => choice[0])).toEqual([1, 0]);
});

test('a budget that the space can not keep says which it can', () => {
  const site: BudgetedSite = { preferences: { probabilities: [[0.5, 0.5]], channels: 4 }, cost: () => 0.03 };
  expect(() => decodeUnderBudget([site, site], 0.05)).toThrow(/received 1\.0500.*the least is 1\.0600/);
  expect(decodeUnderBudget([site, site], 0.06).cost).toBeCloseTo(0.06, 9);
  expect(() => decodeUnderBudget([site], -0.01)).toThrow(/at least the latency of the original/);
});

test('many groups and genotypes leave the least likely out, rather than never end', () => {
  const rows = Array.from({ length: 64 }, (_, k) => Array.from({ length: 9 }, (_, g) => (g === k % 4 ? 0.6 : 0.05)));
  const site: BudgetedSite = { preferences: { probabilities: rows, channels: 64 }, cost: () => 0 };
  expect([...decodeUnderBudget([site], 0).choices[0]!].slice(0, 8)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
});
