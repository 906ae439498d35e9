import { ARMS } from './arms.js';
import type { ArmResult } from './stages.js';
import { pairedDifference, spread } from './statistics.js';

export interface Row {
  readonly arm: string;
  readonly title: string;
  readonly seeds: readonly number[];
  readonly ap: { mean: number; deviation: number };
  /** Small, medium, large. */
  readonly bySize: readonly { mean: number; deviation: number }[];
  /** To the original, over the seeds that both have. */
  readonly difference?: { mean: number; halfWidth: number; deviation: number };
}

const SIZES = ['APsmall', 'APmedium', 'APlarge'] as const;

/** One row for each arm, in percent. */
export function rowsOf(results: readonly ArmResult[]): Row[] {
  const values = (arm: string, metric: string) =>
    new Map(results.filter((result) => result.arm === arm).map(({ seed, metrics }) => [seed, 100 * metrics[metric]!]));
  const original = values('original', 'AP');
  const arms = Object.keys(ARMS).filter((arm) => results.some((result) => result.arm === arm));
  return arms.map((arm) => {
    const ap = values(arm, 'AP');
    const paired = [...ap.keys()].filter((seed) => original.has(seed));
    return {
      arm,
      title: ARMS[arm]!.title,
      seeds: [...ap.keys()],
      ap: spread([...ap.values()]),
      bySize: SIZES.map((metric) => spread([...values(arm, metric).values()])),
      ...(arm !== 'original' &&
        paired.length > 0 && {
          difference: pairedDifference(
            paired.map((seed) => ap.get(seed)!),
            paired.map((seed) => original.get(seed)!),
          ),
        }),
    };
  });
}

export function markdownOf(rows: readonly Row[], command: string, caveats: readonly string[]): string {
  const number = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : '∞');
  const signed = (value: number) => `${value >= 0 ? '+' : '-'}${number(Math.abs(value))}`;
  const lines = rows.map(({ title, seeds, ap, bySize, difference }) => {
    const sizes = bySize.map(({ mean }) => number(mean)).join(' / ');
    const change = difference ? `${signed(difference.mean)} ± ${number(difference.halfWidth)}` : '';
    return `| ${title} | ${seeds.length} | ${number(ap.mean)} ± ${number(ap.deviation)} | ${sizes} | ${change} |`;
  });
  return [
    '| arm (same parameters and multiply-adds) | seeds | AP, mean ± sd | small / medium / large | difference to original, 95 % interval |',
    '|---|---|---|---|---|',
    ...lines,
    '',
    `Command: \`${command}\``,
    '',
    ...caveats.map((caveat) => `- ${caveat}`),
    '',
  ].join('\n');
}
