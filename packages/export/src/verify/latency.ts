import { check, yieldToEventLoop } from '@nats/graph';

/** Options of `compareLatency`. */
export interface LatencyOptions {
  /** Timed runs of each; default 50. */
  readonly rounds?: number;
  /** Runs of each before that are not timed; default a fifth of the rounds. */
  readonly warmUp?: number;
  readonly signal?: AbortSignal;
  /** Told after each round that counts. */
  readonly update?: (done: number, of: number) => void;
  /** Milliseconds; default `performance.now`. */
  readonly clock?: () => number;
}

/** Milliseconds of one run. */
export interface Latency {
  readonly median: number;
  /** The tenth and the ninetieth of a hundred. */
  readonly p10: number;
  readonly p90: number;
  /** Median over rounds of this one's time by the first one's: what a noisy machine changes least. */
  readonly ratio: number;
  /** The quartiles of the same. */
  readonly ratioQuartiles: readonly [number, number];
  readonly rounds: number;
}

/**
 * Times functions in turn, round by round, so that what else the machine does strikes all alike. What ran before tells in the
 * time, by what it left in the caches: each runs after each other as often, and of three or more none after itself (a balanced
 * Latin square: Williams 1949).
 * @param runs by name; the first is what the others are compared with
 */
export async function compareLatency<Name extends string>(
  runs: Readonly<Record<Name, () => unknown>>,
  options: LatencyOptions = {},
): Promise<Record<Name, Latency>> {
  const { rounds = 50, warmUp = Math.ceil(rounds / 5), signal, update, clock = () => performance.now() } = options;
  const names = Object.keys(runs) as Name[];
  check(names.length > 0 && Number.isInteger(rounds) && rounds > 0, 'attribute', () => ({
    rule: 'at least one function is timed, in a whole number of rounds',
    received: `${names.length} functions, ${rounds} rounds`,
  }));
  const times = new Map(names.map((name): [Name, number[]] => [name, []]));
  for (let round = -warmUp; round < rounds; round++) {
    for (const name of orderOf(names, round + warmUp)) {
      signal?.throwIfAborted();
      const start = clock();
      await runs[name]();
      if (round >= 0) times.get(name)!.push(clock() - start);
    }
    if (round >= 0) update?.(round + 1, rounds);
    await yieldToEventLoop();
  }
  const first = times.get(names[0]!)!;
  const latencies = names.map((name): [Name, Latency] => {
    const own = times.get(name)!;
    const at = (share: number) => quantile(own, share);
    const ratios = own.map((time, round) => (time === first[round] ? 1 : time / first[round]!));
    const [ratio, low, high] = [0.5, 0.25, 0.75].map((share) => quantile(ratios, share)) as [number, number, number];
    return [name, { median: at(0.5), p10: at(0.1), p90: at(0.9), ratio, ratioQuartiles: [low, high], rounds }];
  });
  return Object.fromEntries(latencies) as Record<Name, Latency>;
}

function orderOf<Name>(names: readonly Name[], round: number): Name[] {
  const count = names.length;
  const first = Array.from({ length: count }, (_, i) => (i % 2 === 1 ? (i + 1) / 2 : (count - i / 2) % count));
  // An odd number needs the mirrored square, too.
  const isMirrored = count % 2 === 1 && Math.floor(round / count) % 2 === 1;
  const shift = isMirrored ? count - (round % count) : round % count;
  const order = first.map((i) => names[(i + shift) % count]!);
  return isMirrored ? order.reverse() : order;
}

/** The nearest rank. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/**
 * Latencies as a table.
 * @param imagesPerRun to tell throughput as well
 */
export function formatLatencies(latencies: Readonly<Record<string, Latency>>, imagesPerRun?: number): string {
  const rows = [
    ['', 'median ms', '10 %', '90 %', 'ratio', ...(imagesPerRun === undefined ? [] : ['images/s'])],
    ...Object.entries(latencies).map(([name, { median, p10, p90, ratio }]) => [
      name,
      ...[median, p10, p90].map((value) => value.toFixed(2)),
      ratio.toFixed(3),
      ...(imagesPerRun === undefined ? [] : [((1000 * imagesPerRun) / median).toFixed(1)]),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return rows.map(line).join('\n');
}
