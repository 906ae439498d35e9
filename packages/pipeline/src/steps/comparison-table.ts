import { STAT_NAMES } from '@nats/detect';
import { textTable } from '../text-table.js';

/** What two detectors are compared by. */
export interface ComparedDetector {
  /** By name of COCO's numbers, 0 to 1; -1 without objects. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly parameters: number;
  readonly macs: number;
  readonly bytes: number;
  readonly milliseconds: number;
}

/** What `comparisonTable` has rows of. */
export interface ComparisonTableOptions {
  /** COCO's numbers: not where they were measured on detectors that have learned too little to be compared. */
  readonly accuracy: boolean;
}

/** COCO's twelve numbers in percent, if they are compared, and the costs: original, transformed, difference. */
export function comparisonTable(
  original: ComparedDetector,
  transformed: ComparedDetector,
  { accuracy }: ComparisonTableOptions,
): string {
  const percent = (value: number) => (value < 0 ? '-' : (100 * value).toFixed(1));
  const signed = (value: number, digits: number) => `${value > 0 ? '+' : ''}${value.toFixed(digits)}`;
  const metrics = STAT_NAMES.map((name) => {
    const [a, b] = [original.metrics[name]!, transformed.metrics[name]!];
    return [name, percent(a), percent(b), a < 0 || b < 0 ? '-' : signed(100 * (b - a), 1)];
  });
  const cost = (name: string, value: (variant: ComparedDetector) => number, digits: number) => {
    const [a, b] = [value(original), value(transformed)];
    return [name, a.toFixed(digits), b.toFixed(digits), signed(b - a, digits)];
  };
  return textTable([
    ['', 'original', 'transformed', 'difference'],
    ...(accuracy ? [...metrics, []] : []),
    cost('parameters', ({ parameters }) => parameters, 0),
    cost('million multiply-adds', ({ macs }) => macs / 1e6, 1),
    cost('file, kB', ({ bytes }) => bytes / 1000, 0),
    cost('latency, ms', ({ milliseconds }) => milliseconds, 2),
  ]);
}
