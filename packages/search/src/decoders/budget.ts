import { check, NatsError } from '@nats/graph';
import { assign } from './decode.js';
import { type ChannelChoice, checkPreferences, intensities, type Preferences } from './preferences.js';

/** A convolution whose channels are chosen under a budget. */
export interface BudgetedSite {
  readonly preferences: Preferences;
  /** What counts of channels by genotype add to the latency, as a part of the original's; negative counts as 0. */
  readonly cost: (counts: readonly number[]) => number;
}

/** What was found under a budget. */
export interface BudgetedChoice {
  /** One for each site. */
  readonly choices: readonly ChannelChoice[];
  /** Sum over all channels of the log-probability of the genotype that each got. */
  readonly value: number;
  /** Sum of costs, rounded up to whole steps. */
  readonly cost: number;
}

/**
 * Costs are counted in whole steps of this part of the original's latency, rounded up. So what is found is never above the
 * budget, and is the best of all that is below it by one step for each convolution: 0.05 % for fifty.
 */
export const COST_STEP = 1e-5;

/** Smallest probability whose logarithm is taken. */
const LEAST = 1e-12;
/** Most ways to count out the groups of a convolution; beyond, genotypes of the least intensity get nothing. */
const MOST_STATES = 200_000;

/**
 * One genotype for each channel group, so that the costs of all convolutions together stay within a budget and the sum over
 * channels of the log-probability of what they get is largest: the most probable architecture that is affordable, if groups
 * are independent (our choice; the paper knows no budget). Without a limit it is argmax. Exact, but for `COST_STEP`: costs
 * depend on counts alone, so that each convolution has a best value for each count (a dynamic program over its groups),
 * of which those that are neither cheaper nor better than another are dropped; a second one over convolutions is the multiple-choice
 * knapsack problem. Which groups get what is then the assignment decoder's matter, its gains being log-probabilities.
 * @param budget part of the original's latency that may be added, 0 or more
 * @throws NatsError `attribute` if the cheapest choice is above the budget, saying which is reachable; `shape` for ill-formed preferences
 */
export function decodeUnderBudget(sites: readonly BudgetedSite[], budget: number): BudgetedChoice {
  check(budget >= 0, 'attribute', () => ({
    rule: 'a latency budget is at least the latency of the original',
    received: String(1 + budget),
    limit: '1 or more; 1 allows nothing that costs time',
  }));
  const options = sites.map(({ preferences, cost }) => paretoOptions(preferences, cost));
  const least = sum(options.map((site) => site[0]!.steps));
  const most = sum(options.map((site) => site.at(-1)!.steps));
  const limit = Math.min(most, Math.floor(budget / COST_STEP + 1e-6));
  if (least > limit) {
    throw new NatsError('attribute', {
      rule: 'a latency budget is one that the space can keep',
      received: `${(1 + budget).toFixed(4)} of the original's latency`,
      limit: `the least is ${(1 + least * COST_STEP).toFixed(4)}; a space with (1,1) reaches 1`,
    });
  }
  const chosen = knapsack(options, limit);
  return {
    choices: sites.map(({ preferences }, i) => assignGroups(preferences, chosen[i]!.counts)),
    value: sum(chosen.map(({ value }) => value)),
    cost: sum(chosen.map(({ steps }) => steps)) * COST_STEP,
  };
}

interface Option {
  /** Channels by genotype. */
  readonly counts: readonly number[];
  readonly value: number;
  readonly steps: number;
}

/** For rising costs the best values of a convolution. */
function paretoOptions(preferences: Preferences, cost: BudgetedSite['cost']): Option[] {
  checkPreferences(preferences);
  const options = bestByCounts(preferences).map(({ counts, value }): Option => {
    const steps = Math.ceil(Math.max(0, cost(counts)) / COST_STEP - 1e-6);
    return { counts, value, steps };
  });
  // Of equal value and cost the first in the order of counts: any order would do, but always the same.
  options.sort((a, b) => a.steps - b.steps || b.value - a.value);
  const kept: Option[] = [];
  for (const option of options) {
    const last = kept.at(-1);
    if (!last || option.value > last.value) kept.push(option);
  }
  return kept;
}

/** For each way to count the channel groups out to genotypes, the largest sum of log-probabilities. */
function bestByCounts(preferences: Preferences): { counts: number[]; value: number }[] {
  const { probabilities, channels } = preferences;
  const groups = probabilities.length;
  const size = channels / groups;
  const genotypes = probabilities[0]!.length;
  const candidates = likelyGenotypes(preferences);
  const base = groups + 1;
  let states = new Map<number, number>([[0, 0]]);
  for (const row of probabilities) {
    const gains = candidates.map((g) => size * Math.log(Math.max(LEAST, row[g]!)));
    const next = new Map<number, number>();
    for (const [state, value] of states) {
      let digit = 1;
      for (const gain of gains) {
        const known = next.get(state + digit);
        if (known === undefined || value + gain > known) next.set(state + digit, value + gain);
        digit *= base;
      }
    }
    states = next;
  }
  return [...states].map(([state, value]) => {
    const counts = new Array<number>(genotypes).fill(0);
    let rest = state;
    for (const g of candidates) {
      counts[g] = (rest % base) * size;
      rest = Math.floor(rest / base);
    }
    return { counts, value };
  });
}

/** All genotypes where the counts are few enough, else those of the largest intensity; in their order. */
function likelyGenotypes(preferences: Preferences): number[] {
  const groups = preferences.probabilities.length;
  const shares = intensities(preferences);
  const order = [...shares.keys()].sort((a, b) => shares[b]! - shares[a]! || a - b);
  let count = order.length;
  while (count > 2 && compositions(groups, count) > MOST_STATES) count--;
  return order.slice(0, count).sort((a, b) => a - b);
}

/** Ways to write `total` as a sum of `parts` whole numbers of at least 0, in order. */
function compositions(total: number, parts: number): number {
  let ways = 1;
  for (let i = 1; i < parts; i++) ways = (ways * (total + i)) / i;
  return ways;
}

/** One option of each convolution, within the limit, with the largest sum of values; of equal ones the cheaper. */
function knapsack(options: readonly (readonly Option[])[], limit: number): Option[] {
  let best = new Float64Array(limit + 1).fill(Number.NEGATIVE_INFINITY);
  best[0] = 0;
  const taken = options.map((site) => {
    const next = new Float64Array(limit + 1).fill(Number.NEGATIVE_INFINITY);
    const choice = new Int32Array(limit + 1).fill(-1);
    for (const [i, { steps, value }] of site.entries()) {
      for (let total = steps; total <= limit; total++) {
        const sum = best[total - steps]! + value;
        if (sum > next[total]!) {
          next[total] = sum;
          choice[total] = i;
        }
      }
    }
    best = next;
    return choice;
  });
  let total = best.indexOf(best.reduce((a, b) => Math.max(a, b)));
  const chosen: Option[] = [];
  for (let site = options.length - 1; site >= 0; site--) {
    const option = options[site]![taken[site]![total]!]!;
    chosen.unshift(option);
    total -= option.steps;
  }
  return chosen;
}

/** Whole groups, so that the sum of log-probabilities is largest. */
function assignGroups({ probabilities, channels }: Preferences, counts: readonly number[]): ChannelChoice {
  const gains = probabilities.map((row) => row.map((p) => Math.log(Math.max(LEAST, p))));
  return assign({ probabilities: gains, channels, unit: channels / probabilities.length }, counts);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
