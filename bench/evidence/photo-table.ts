import { difference, spread } from '@nats/report';
import { PHOTO_VARIANTS } from './photo-variants.js';

export interface PhotoResult {
  readonly variant: string;
  /** Of the training. */
  readonly seed: number;
  readonly searchSeed?: number;
  /** Share of the searchable channels that are dilated, 0 to 1. */
  readonly dilated: number;
  /** COCO's twelve numbers, 0 to 1. */
  readonly stats: readonly number[];
  readonly seconds: number;
}

const [AP, SMALL, MEDIUM, LARGE] = [0, 3, 4, 5] as const;

/** Means over training seeds; the searches of one training seed are averaged first, so that seeds pair with the original's. */
export function photoTable(results: readonly PhotoResult[]) {
  const bySeed = (variant: string, number: number) => {
    const own = results.filter((result) => result.variant === variant);
    const seeds = [...new Set(own.map(({ seed }) => seed))];
    return new Map(
      seeds.map((seed) => {
        const values = own.filter((result) => result.seed === seed).map(({ stats }) => 100 * stats[number]!);
        return [seed, spread(values).mean];
      }),
    );
  };
  const original = bySeed('original', AP);
  const names = Object.keys(PHOTO_VARIANTS).filter((name) => results.some(({ variant }) => variant === name));
  const rows = names.map((name) => {
    const own = results.filter(({ variant }) => variant === name);
    const ap = bySeed(name, AP);
    const { mean, deviation } = spread([...ap.values()]);
    const sizes = [SMALL, MEDIUM, LARGE].map((number) => spread([...bySeed(name, number).values()]).mean.toFixed(1));
    const paired = [...ap.keys()].filter((seed) => original.has(seed));
    return [
      PHOTO_VARIANTS[name]!.title,
      `${(100 * spread(own.map(({ dilated }) => dilated)).mean).toFixed(0)} %`,
      ap.size,
      new Set(own.map(({ searchSeed }) => searchSeed).filter((seed) => seed !== undefined)).size || '',
      deviation === undefined ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${deviation.toFixed(1)}`,
      sizes.join(' / '),
      name === 'original' || paired.length === 0 ? '' : differenceText(paired, ap, original),
    ];
  });
  return {
    columns: [
      'variant',
      'dilated',
      'seeds',
      'searches',
      'AP, mean ± sd',
      'small / medium / large',
      'difference to the original, 95 % interval',
    ],
    rows,
  };
}

function differenceText(
  seeds: readonly number[],
  ap: ReadonlyMap<number, number>,
  original: ReadonlyMap<number, number>,
): string {
  const of = (values: ReadonlyMap<number, number>) => seeds.map((seed) => ({ seed, value: values.get(seed)! }));
  const { mean, interval } = difference(of(original), of(ap))!;
  const signed = `${mean >= 0 ? '+' : '−'}${Math.abs(mean).toFixed(1)}`;
  return interval ? `${signed} ± ${((interval[1] - interval[0]) / 2).toFixed(1)}` : `${signed} (one seed)`;
}
