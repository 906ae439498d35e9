import { type Difference, difference, type Spread, spread } from '@nats/report';
import type { VariantResult } from './trained-variant.js';
import { VARIANTS } from './variants.js';

export interface Row {
  readonly variant: string;
  readonly title: string;
  readonly seeds: readonly number[];
  readonly ap: Spread;
  /** Small, medium, large. */
  readonly bySize: readonly Spread[];
  /** To the original, over the seeds that both have. */
  readonly difference?: Difference;
  /** Of the searched variant (argmax) to this one. */
  readonly searchedMore?: Difference;
}

const SIZES = ['APsmall', 'APmedium', 'APlarge'] as const;

/** One row for each variant, in percent. */
export function rowsOf(results: readonly VariantResult[]): Row[] {
  const values = (variant: string, metric: string) =>
    results
      .filter((result) => result.variant === variant)
      .map(({ seed, metrics }) => ({ seed, value: 100 * metrics[metric]! }));
  const spreadOf = (variant: string, metric: string) => spread(values(variant, metric).map(({ value }) => value));
  /** Of `variant` less `other`, over the seeds that both have. */
  const differenceOf = (variant: string, other: string): Difference | undefined => {
    if (variant === other) return undefined;
    const [a, b] = [values(variant, 'AP'), values(other, 'AP')];
    const within = (these: typeof a, those: typeof a) =>
      these.filter(({ seed }) => those.some((one) => one.seed === seed));
    return difference(within(b, a), within(a, b));
  };
  const variants = Object.keys(VARIANTS).filter((variant) => results.some((result) => result.variant === variant));
  return variants.map((variant) => {
    const toOriginal = differenceOf(variant, 'original');
    const searchedMore = differenceOf('argmax', variant);
    return {
      variant,
      title: VARIANTS[variant]!.title,
      seeds: values(variant, 'AP').map(({ seed }) => seed),
      ap: spreadOf(variant, 'AP'),
      bySize: SIZES.map((metric) => spreadOf(variant, metric)),
      ...(toOriginal && { difference: toOriginal }),
      ...(searchedMore && { searchedMore }),
    };
  });
}

export function markdownOf(rows: readonly Row[], command: string, caveats: readonly string[]): string {
  const signed = (value: number) => `${value >= 0 ? '+' : '-'}${Math.abs(value).toFixed(1)}`;
  const within = (value: number | undefined) => (value === undefined ? '' : ` ± ${value.toFixed(1)}`);
  const change = (difference?: Difference) =>
    difference
      ? `${signed(difference.mean)}${within(difference.interval && difference.interval[1] - difference.mean)}`
      : '';
  const lines = rows.map(({ title, seeds, ap, bySize, difference, searchedMore }) => {
    const sizes = bySize.map(({ mean }) => mean.toFixed(1)).join(' / ');
    const cells = [title, seeds.length, `${ap.mean.toFixed(1)}${within(ap.deviation)}`, sizes, change(difference)];
    return `| ${[...cells, change(searchedMore)].join(' | ')} |`;
  });
  return [
    '| variant (same parameters and multiply-adds) | seeds | AP, mean ± sd | small / medium / large | difference to original, 95 % interval | difference (searched − variant) |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
    `Command: \`${command}\``,
    '',
    ...caveats.map((caveat) => `- ${caveat}`),
    '',
  ].join('\n');
}
