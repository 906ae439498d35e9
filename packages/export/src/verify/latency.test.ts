import { expect, test } from 'vitest';
import { compareLatency, formatLatencies } from './latency.js';

/** Functions that take a given time on a clock of their own. */
function timed(times: Readonly<Record<string, (round: number) => number>>) {
  let now = 0;
  const order: string[] = [];
  const calls: Record<string, number> = {};
  const runs = Object.fromEntries(
    Object.entries(times).map(([name, time]) => [
      name,
      async () => {
        order.push(name);
        const call = calls[name] ?? 0;
        calls[name] = call + 1;
        now += time(call);
      },
    ]),
  );
  return { runs, order, clock: () => now };
}

test('medians and quantiles of runs in turn, without those that warm up', async () => {
  const { runs, clock, order } = timed({
    first: (call) => (call < 2 ? 1000 : 10 + (call % 10)),
    second: (call) => 2 * (call < 2 ? 1 : 10 + (call % 10)),
  });
  const told: number[] = [];
  const update = (done: number, of: number) => told.push(done / of);
  const { first, second } = await compareLatency(runs, { rounds: 20, warmUp: 2, clock, update });
  expect([told.length, told[0], told.at(-1)]).toEqual([20, 1 / 20, 1]);
  expect(first).toEqual({ median: 15, p10: 11, p90: 19, ratio: 1, ratioQuartiles: [1, 1], rounds: 20 });
  expect(second).toEqual({ median: 30, p10: 22, p90: 38, ratio: 2, ratioQuartiles: [2, 2], rounds: 20 });
  expect(order.slice(0, 8).join(' ')).toBe('first second second first first second second first');
  expect(order).toHaveLength(44);
});

test.each([3, 4, 5, 8])('of %i none runs twice in a row, and each runs after each other as often', async (count) => {
  const names = Array.from({ length: count }, (_, i) => `f${i}`);
  const { runs, clock, order } = timed(Object.fromEntries(names.map((name) => [name, () => 1])));
  const rounds = 4 * count;
  await compareLatency(runs, { rounds, warmUp: 0, clock });
  const within: Record<string, number> = {};
  for (const [i, name] of order.entries()) {
    expect(name).not.toBe(order[i - 1]);
    if (i % count > 0) within[`${order[i - 1]} ${name}`] = (within[`${order[i - 1]} ${name}`] ?? 0) + 1;
  }
  expect(Object.values(within)).toEqual(new Array(count * (count - 1)).fill(rounds / count));
});

test('the ratio is that of rounds, whatever else the machine does', async () => {
  const busy = (call: number) => (call % 3 === 0 ? 50 : 1);
  const factor = (call: number) => (call < 4 ? 1.25 : call < 8 ? 1.5 : 2);
  const { runs, clock } = timed({ first: busy, second: (call) => factor(call) * busy(call) });
  const { second } = await compareLatency(runs, { rounds: 12, warmUp: 0, clock });
  expect(second).toMatchObject({ ratio: 1.5, ratioQuartiles: [1.25, 2] });
});

test('a table', async () => {
  const { runs, clock } = timed({ original: () => 10, transformed: () => 12.5 });
  expect(formatLatencies(await compareLatency(runs, { rounds: 5, clock }), 2)).toBe(
    [
      '             median ms   10 %   90 %  ratio  images/s',
      'original         10.00  10.00  10.00  1.000     200.0',
      'transformed      12.50  12.50  12.50  1.250     160.0',
    ].join('\n'),
  );
});

test('what cannot be timed is refused, and a signal ends it', async () => {
  await expect(compareLatency({})).rejects.toThrow(/at least one function/);
  await expect(compareLatency({ a: () => 1 }, { rounds: 0 })).rejects.toThrow(/whole number of rounds/);
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(compareLatency({ a: () => 1 }, { signal })).rejects.toThrow('stopped');
});
