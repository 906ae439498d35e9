import type { VariantResult } from './stages.js';
import { pairedDifference, spread } from './statistics.js';
import { VARIANTS } from './variants.js';

export interface Row {
  readonly variant: string;
  readonly title: string;
  readonly seeds: readonly number[];
  readonly ap: { mean: number; deviation: number };
  /** Small, medium, large. */
  readonly bySize: readonly { mean: number; deviation: number }[];
  /** To the original, over the seeds that both have. */
  readonly difference?: Difference;
  /** Of the searched variant (argmax) to this one. */
  readonly searchedMore?: Difference;
}

type Difference = ReturnType<typeof pairedDifference>;

const SIZES = ['APsmall', 'APmedium', 'APlarge'] as const;

/** One row for each variant, in percent. */
export function rowsOf(results: readonly VariantResult[]): Row[] {
  const values = (variant: string, metric: string) =>
    new Map(
      results.filter((result) => result.variant === variant).map(({ seed, metrics }) => [seed, 100 * metrics[metric]!]),
    );
  const differenceOf = (variant: string, other: string): Difference | undefined => {
    const [a, b] = [values(variant, 'AP'), values(other, 'AP')];
    const paired = [...a.keys()].filter((seed) => b.has(seed));
    if (variant === other || paired.length === 0) return undefined;
    const of = (ap: ReadonlyMap<number, number>) => paired.map((seed) => ap.get(seed)!);
    return pairedDifference(of(a), of(b));
  };
  const variants = Object.keys(VARIANTS).filter((variant) => results.some((result) => result.variant === variant));
  return variants.map((variant) => {
    const ap = values(variant, 'AP');
    const difference = differenceOf(variant, 'original');
    const searchedMore = differenceOf('argmax', variant);
    return {
      variant,
      title: VARIANTS[variant]!.title,
      seeds: [...ap.keys()],
      ap: spread([...ap.values()]),
      bySize: SIZES.map((metric) => spread([...values(variant, metric).values()])),
      ...(difference && { difference }),
      ...(searchedMore && { searchedMore }),
    };
  });
}

export function markdownOf(rows: readonly Row[], command: string, caveats: readonly string[]): string {
  const number = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : '∞');
  const signed = (value: number) => `${value >= 0 ? '+' : '-'}${number(Math.abs(value))}`;
  const change = (difference?: Difference) =>
    difference ? `${signed(difference.mean)} ± ${number(difference.halfWidth)}` : '';
  const lines = rows.map(({ title, seeds, ap, bySize, difference, searchedMore }) => {
    const sizes = bySize.map(({ mean }) => number(mean)).join(' / ');
    const cells = [title, seeds.length, `${number(ap.mean)} ± ${number(ap.deviation)}`, sizes, change(difference)];
    return `| ${[...cells, change(searchedMore)].join(' | ')} |`;
  });
  return [
    '| variant (same parameters and multiply-adds) | seeds | AP, mean ± sd | small / medium / large | difference to original, 95 % interval | argmax less this |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
    `Command: \`${command}\``,
    '',
    ...caveats.map((caveat) => `- ${caveat}`),
    '',
  ].join('\n');
}
