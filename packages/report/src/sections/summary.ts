import { boxApName, evaluatedByMasks, meanOf, numberOf } from '../coco-numbers.js';
import { formatDifference, formatNumber } from '../format.js';
import { type Html, html } from '../html.js';
import type { ReportData, ReportVariant } from '../report-data.js';
import { difference } from '../statistics.js';

/** One quantity that all variants have. */
interface Fact {
  readonly name: string;
  readonly unit: string;
  readonly value: (variant: ReportVariant) => number | undefined;
  readonly digits: number;
  /** A difference is one of points, not a share. */
  readonly points?: true;
}

const ap = (variant: ReportVariant) => meanOf(numberOf(variant, 0));
const maskAp = (variant: ReportVariant) => ap(evaluatedByMasks(variant));

const COSTS: readonly Fact[] = [
  { name: 'Parameters', unit: '', digits: 0, value: ({ parameters }) => parameters },
  { name: 'Multiply-adds', unit: 'M', digits: 1, value: ({ macs }) => macs && macs / 1e6 },
  { name: 'Latency', unit: 'ms', digits: 2, value: ({ latency }) => latency?.milliseconds },
];

/** The few numbers that are asked for first. */
export function facts({ variants = [] }: ReportData): Html | undefined {
  const accuracy: readonly Fact[] = [
    { name: sentence(boxApName(variants)), unit: '', digits: 1, points: true, value: ap },
    { name: 'Mask AP', unit: '', digits: 1, points: true, value: maskAp },
  ];
  const known = [...accuracy, ...COSTS].filter(({ value }) => variants.some((variant) => value(variant) !== undefined));
  const cards = known.map(
    (fact) => html`<div class="fact"><dt>${fact.name}${fact.unit !== '' && `, ${fact.unit}`}</dt>
${variants.map(
  (variant) =>
    html`<dd><span class="who">${variant.name}</span> <span class="value">${formatNumber(fact.value(variant), fact.digits)}</span></dd>`,
)}${variants.length === 2 && html`<dd class="change">${change(fact, variants[0]!, variants[1]!)}</dd>`}</div>`,
  );
  return cards.length === 0 ? undefined : html`<dl class="facts">${cards}</dl>`;
}

function change({ value, digits, points }: Fact, a: ReportVariant, b: ReportVariant): Html {
  const [before, after] = [value(a), value(b)];
  if (before === undefined || after === undefined) return html`<span>not known of both</span>`;
  if (before === after) return html`<span>equal</span>`;
  const text = formatDifference(after - before, digits);
  if (points) return html`<span>difference</span><strong>${text}</strong>`;
  return html`<span>difference</span><strong>${text} (${formatDifference(100 * (after / before - 1), 1)} %)</strong>`;
}

/** What the numbers say, in words: no more than they do. */
export function verdict({ variants = [], dataset }: ReportData): string | undefined {
  const [reference, ...others] = variants.filter((variant) => numberOf(variant, 0).length > 0);
  if (!reference) return undefined;
  const name = boxApName(variants);
  const where = dataset?.testImages === undefined ? '' : ` on ${formatNumber(dataset.testImages)} test images`;
  const first = `${reference.name} reaches ${name} ${formatNumber(ap(reference), 1)}${where}`;
  if (others.length === 0) return `${sentence(first)}.`;
  const rest = others.map((variant) => {
    const found = difference(numberOf(reference, 0), numberOf(variant, 0))!;
    const points = formatNumber(Math.abs(found.mean), 1);
    const relation = points === '0.0' ? 'the same' : `${points} points ${found.mean > 0 ? 'more' : 'less'}`;
    const certainty = {
      unknown: 'from one seed: how much of it is chance is not known',
      within: 'which is within the spread over seeds',
      beyond: 'which is more than the spread over seeds',
    }[found.verdict];
    return `${variant.name} ${name} ${formatNumber(ap(variant), 1)}, ${relation}, ${certainty}`;
  });
  return `${sentence(first)}; ${rest.join('; ')}.`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
