import type { Difference } from '@nats/report';
import type { CollectedMetric, CollectedSweep } from './collect.js';

const percent = (value: number) => (100 * value).toFixed(1);

/** A table in Markdown: percent, mean ± deviation over seeds, differences with their 95 % intervals. */
export function collectMarkdown({ name, baseline, baselines = [], variants, missing }: CollectedSweep): string {
  const metrics = [...new Set(variants.flatMap((variant) => Object.keys(variant.metrics)))];
  const timed = variants.some(({ latency }) => latency);
  const head = [
    'variant',
    'seeds',
    ...metrics,
    ...[baseline, ...baselines].map((other) => `AP less ${other}`),
    ...(timed ? ['ms', 'relative'] : []),
  ];
  const rows = variants.map(({ name: variant, seeds, metrics: own, latency }) => [
    variant,
    String(seeds.length),
    ...metrics.map((metric) => meanText(own[metric])),
    differenceText(own.AP?.difference),
    ...baselines.map((other) => differenceText(own.AP?.differences?.[other])),
    ...(timed ? [latency?.milliseconds.toFixed(2) ?? '', latency?.ratio.toFixed(3) ?? ''] : []),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `# ${name}`,
    '',
    line(head),
    line(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(line),
    '',
    'In percent: mean ± standard deviation over seeds. Differences are of equal seeds where both have them, with the 95 % interval of',
    'their mean (Student’s t); one that holds 0 is within what seeds alone make.',
    ...(metrics.length === 0 ? ['', 'No training is evaluated yet; what has no step evaluate never is.'] : []),
    ...(missing.length > 0 ? ['', `Not done: ${missing.join(', ')}.`] : []),
    '',
  ].join('\n');
}

function meanText(metric: CollectedMetric | undefined): string {
  if (!metric) return '';
  const { mean, deviation } = metric;
  return deviation === undefined ? percent(mean) : `${percent(mean)} ± ${percent(deviation)}`;
}

function differenceText(difference: Difference | undefined): string {
  if (!difference) return '';
  const { mean, interval } = difference;
  const signed = (value: number) => `${value < 0 ? '-' : '+'}${percent(Math.abs(value))}`;
  return interval ? `${signed(mean)} (${signed(interval[0])} to ${signed(interval[1])})` : signed(mean);
}
