import { type Genotype, PLAIN, sameGenotype } from '@nats/space';

/** Pieces of a convolution's channels whose every division is measured. */
const PIECES = 8;

/**
 * The divisions of a convolution's channels that are measured, as counts by genotype: all channels of each genotype, and every
 * way to part eighths among them by size (21 ways with eight genotypes and more, 9 with three); and two that part no
 * eighths, for counts that are not rounded. Genotypes beyond the first few are in no part: what they cost is measured on the
 * whole layer.
 * @param unit channels that can't be parted
 */
export function measuredDivisions(genotypes: readonly Genotype[], channels: number, unit: number): number[][] {
  const order = plainFirst(genotypes);
  const counts = (sizes: readonly number[]) => {
    const found = new Array<number>(genotypes.length).fill(0);
    for (const [i, size] of sizes.entries()) found[order[i]!] = size;
    return found;
  };
  const whole = genotypes.map((_, g) => genotypes.map((_, other) => (other === g ? channels : 0)));
  const parted = [...eighths(channels / unit, genotypes.length), ...odd(channels / unit, genotypes.length)];
  const known = new Set<string>();
  const sizes = parted
    .map((list) => list.map((size) => size * unit).sort((a, b) => b - a))
    .filter((list) => !known.has(list.join()) && known.add(list.join()));
  return [...whole, ...sizes.map(counts)];
}

/** Genotypes by number, (1,1) first: the largest part is most often plain. */
function plainFirst(genotypes: readonly Genotype[]): number[] {
  const plain = genotypes.findIndex((genotype) => sameGenotype(genotype, PLAIN));
  const others = [...genotypes.keys()].filter((g) => g !== plain);
  return plain < 0 ? others : [plain, ...others];
}

/** Partitions of eighths into two parts and more; where units are fewer or no multiples, rounded to whole ones. */
function eighths(units: number, parts: number): number[][] {
  const pieces = Math.min(PIECES, units);
  return partitions(pieces, parts, pieces)
    .filter((sizes) => sizes.length > 1)
    .map((sizes) => {
      let end = 0;
      let start = 0;
      return sizes.map((size) => {
        end += size;
        const whole = Math.round((end * units) / pieces) - start;
        start += whole;
        return whole;
      });
    })
    .filter((sizes) => sizes.every((size) => size > 0));
}

/** Whole numbers of at least 1 that sum to `total`, falling, none above `largest`, at most `parts` of them. */
function partitions(total: number, parts: number, largest: number): number[][] {
  if (total === 0) return [[]];
  if (parts === 0) return [];
  const found: number[][] = [];
  for (let first = Math.min(total, largest); first >= 1; first--) {
    for (const rest of partitions(total - first, parts - 1, first)) found.push([first, ...rest]);
  }
  return found;
}

/** A few sizes between eighths, as proportional counts have them. */
function odd(units: number, parts: number): number[][] {
  const off = Math.floor(units / PIECES / 3);
  if (off < 1 || parts < 2) return [];
  const half = Math.floor(units / 2);
  const two = [half + off, units - half - off];
  if (parts < 3) return [two];
  const quarter = Math.floor(units / 4);
  return [two, [half + off, quarter + off, units - half - quarter - 2 * off].filter((size) => size > 0)];
}

/** One genotype for each channel: parts spread evenly over the channels, in whole steps, or lying together. */
export function choiceOf(counts: readonly number[], unit: number, order: 'spread' | 'contiguous'): Int32Array {
  const step = counts.reduce((a, b) => greatestCommonDivisor(a, b), 0) || unit;
  const places = counts.flatMap((count, g) =>
    Array.from({ length: count / step }, (_, i) => ({ g, at: ((i + 0.5) * step) / count })),
  );
  // Stable: of two that want the same place, the earlier genotype is first.
  if (order === 'spread') places.sort((a, b) => a.at - b.at);
  return Int32Array.from(places.flatMap(({ g }) => new Array<number>(step).fill(g)));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
