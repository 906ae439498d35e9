import type { LatencyShape } from './latency-table.js';
import { smoothLeastSquares } from './least-squares.js';

/**
 * What dividing one convolution costs, for any counts of channels. A division that was measured costs what was measured, but for
 * its dilations: which genotypes the parts have is told from their sizes by what each genotype costs for the whole layer,
 * in proportion to its channels. Divisions that were not measured are sums over their parts (our choice; `nats latency`
 * measures all of eighths, so only other sizes need it): a part of n channels adds what a least-squares fit to the measured ones says,
 * linear between measured sizes.
 */
export interface DivisionModel {
  readonly channels: number;
  /** By genotype: what the layer adds if all channels have it. */
  readonly whole: readonly number[];
  /** What several parts add at all. */
  readonly join: number;
  /** What one part of several adds. */
  part(channels: number): number;
  /** What these counts by genotype add; the order of channels is the caller's matter. */
  extra(counts: readonly number[]): number;
}

/** Parts of the fit that only the roughness decides. */
const RIDGE = 1e-4;

const MODELS = new WeakMap<LatencyShape, DivisionModel>();

/** Fitted once for each shape of a table. */
export function divisionModel(shape: LatencyShape): DivisionModel {
  const known = MODELS.get(shape);
  if (known) return known;
  const model = fit(shape);
  MODELS.set(shape, model);
  return model;
}

function fit({ channels, divisions }: LatencyShape): DivisionModel {
  const genotypes = divisions[0]!.channels.length;
  const whole = Array.from({ length: genotypes }, (_, g) =>
    mean(divisions.filter((division) => division.channels[g] === channels).map(({ extra }) => extra)),
  );
  const dilations = (counts: readonly number[]) =>
    counts.reduce((sum, count, g) => sum + (count / channels) * whole[g]!, 0);
  const measured = new Map<string, number[]>();
  for (const division of divisions) {
    const sizes = partSizes(division.channels);
    if (sizes.length < 2) continue;
    const key = sizes.join();
    const extra = division.extra - dilations(division.channels);
    measured.set(key, [...(measured.get(key) ?? []), extra]);
  }
  const rows = [...measured].map(([key, extras]) => ({ sizes: key.split(',').map(Number), extra: mean(extras) }));
  const { join, part } = fitParts(rows);
  const known = new Map(rows.map(({ sizes, extra }) => [sizes.join(), extra]));
  return {
    channels,
    whole,
    join,
    part,
    extra: (counts) => {
      const sizes = partSizes(counts);
      if (sizes.length < 2) return dilations(counts);
      const division = known.get(sizes.join()) ?? join + sizes.reduce((sum, size) => sum + part(size), 0);
      return dilations(counts) + division;
    },
  };
}

/** Channels of the parts, falling. */
function partSizes(counts: readonly number[]): number[] {
  return counts.filter((count) => count > 0).sort((a, b) => b - a);
}

/** What a part of n channels adds, with knots at the sizes that were measured, and what several parts add at all. */
function fitParts(rows: readonly { readonly sizes: readonly number[]; readonly extra: number }[]) {
  const knots = [...new Set(rows.flatMap(({ sizes }) => sizes))].sort((a, b) => a - b);
  if (knots.length === 0) return { join: 0, part: () => 0 };
  const position = new Map(knots.map((size, i) => [size, i]));
  const design = rows.map(({ sizes }) => {
    const row = new Array<number>(knots.length + 1).fill(0);
    row[0] = 1;
    for (const size of sizes) row[1 + position.get(size)!]!++;
    return row;
  });
  const [join = 0, ...parts] = smoothLeastSquares(
    design,
    rows.map(({ extra }) => extra),
    RIDGE,
  );
  return { join, part: (size: number) => interpolate(knots, parts, size) };
}

function interpolate(knots: readonly number[], values: readonly number[], x: number): number {
  const after = knots.findIndex((knot) => knot >= x);
  if (after < 0) return values.at(-1)!;
  if (after === 0 || knots[after] === x) return values[after]!;
  const [a, b] = [knots[after - 1]!, knots[after]!];
  const share = (x - a) / (b - a);
  return (1 - share) * values[after - 1]! + share * values[after]!;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
