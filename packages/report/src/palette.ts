import type { ReportData } from './report-data.js';

export type Dilation = readonly [number, number];

interface Colors {
  readonly page: string;
  readonly card: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly link: string;
  readonly good: string;
  readonly bad: string;
  readonly note: string;
  readonly noteLine: string;
  /** The first is the variant that others are compared with: quiet. All have at least 4.5:1 on the card. */
  readonly series: readonly string[];
  /** The undilated genotype: neutral. */
  readonly plain: string;
  /** Stops of the ramp of dilated genotypes, by growing dilation. */
  readonly ramp: readonly string[];
}

/** Parts of viridis (van der Walt and Smith): even steps for all kinds of color vision. */
export const LIGHT: Colors = {
  page: '#f6f6f3',
  card: '#ffffff',
  ink: '#1b1f24',
  muted: '#57606a',
  line: '#e4e6e8',
  lineStrong: '#b9bfc6',
  link: '#0b57a4',
  good: '#116329',
  bad: '#a8280f',
  note: '#fff6dd',
  noteLine: '#c98a00',
  series: ['#59636e', '#c2410c', '#0f766e', '#6d28d9', '#1d4ed8', '#8a5a00'],
  plain: '#949ba3',
  ramp: ['#22958b', '#2b758e', '#38588c', '#453581', '#471164'],
};

export const DARK: Colors = {
  page: '#0f1215',
  card: '#181c20',
  ink: '#e7eaed',
  muted: '#a3acb5',
  line: '#2b3137',
  lineStrong: '#56606a',
  link: '#7cb8ff',
  good: '#6fd08c',
  bad: '#ff9580',
  note: '#2a2413',
  noteLine: '#d9a521',
  series: ['#a9b4bf', '#ff9a5c', '#4fd1c5', '#b9a0ff', '#82b1ff', '#e3b341'],
  plain: '#737c86',
  ramp: ['#2a7b8e', '#21a585', '#55c667', '#b0dd2f', '#fde725'],
};

/** Custom properties of one scheme, with a color for each genotype of `dilationsOf`. */
export function paletteCss(colors: Colors, dilations: readonly Dilation[]): string {
  const { series, plain, ramp, ...named } = colors;
  const chosen = dilations.filter((dilation) => !isPlain(dilation));
  const variables = [
    ...Object.entries(named).map(([name, value]) => [name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`), value]),
    ...series.map((value, i) => [`series-${i}`, value]),
    ...dilations.map((dilation, i) => [
      `genotype-${i}`,
      isPlain(dilation)
        ? plain
        : between(ramp, chosen.length === 1 ? 0.6 : chosen.indexOf(dilation) / (chosen.length - 1)),
    ]),
  ];
  return variables.map(([name, value]) => `--${name}:${value}`).join(';');
}

/** All dilations of a report, by growing area. */
export function dilationsOf({ variants = [], search }: Pick<ReportData, 'variants' | 'search'>): readonly Dilation[] {
  const all = [...variants.flatMap(({ scheme }) => scheme?.genotypes ?? []), ...(search?.genotypes ?? [])];
  const different = new Map(all.map((dilation) => [dilation.join(), dilation]));
  return [...different.values()].sort(([h, w], [otherH, otherW]) => h * w - otherH * otherW || h - otherH);
}

/** Values that go with `from`, in the order of `to`; 0 for what `from` lacks. */
export function alignDilations(
  values: readonly number[],
  from: readonly Dilation[],
  to: readonly Dilation[],
): number[] {
  return to.map((dilation) => values[from.findIndex((other) => other.join() === dilation.join())] ?? 0);
}

function isPlain([vertical, horizontal]: Dilation): boolean {
  return vertical === 1 && horizontal === 1;
}

/** A color of a ramp, `part` 0 to 1. */
function between(ramp: readonly string[], part: number): string {
  const place = part * (ramp.length - 1);
  const i = Math.min(Math.floor(place), ramp.length - 2);
  const [from, to] = [channels(ramp[i]!), channels(ramp[i + 1]!)];
  const mixed = from.map((value, c) => Math.round(value + (to[c]! - value) * (place - i)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function channels(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}
