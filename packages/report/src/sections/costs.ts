import { formatDifference, formatNumber } from '../format.js';
import { type Html, html } from '../html.js';
import type { ReportData, ReportVariant } from '../report-data.js';
import { type Section, section } from './section.js';

interface Cost {
  readonly name: string;
  readonly note: string;
  readonly digits: number;
  readonly value: (variant: ReportVariant) => number | undefined;
  readonly range?: (variant: ReportVariant) => readonly [number, number] | undefined;
}

const COSTS: readonly Cost[] = [
  { name: 'Parameters', note: '', digits: 0, value: ({ parameters }) => parameters },
  { name: 'Multiply-adds', note: 'millions', digits: 1, value: ({ macs }) => macs && macs / 1e6 },
  { name: 'ONNX file', note: 'kB', digits: 0, value: ({ bytes }) => bytes && bytes / 1000 },
  {
    name: 'Latency',
    note: 'ms, median',
    digits: 2,
    value: ({ latency }) => latency?.milliseconds,
    range: ({ latency }) =>
      latency?.low === undefined || latency.high === undefined ? undefined : [latency.low, latency.high],
  },
];

/** Parameters, multiply-adds, file and latency of all variants. */
export function costsSection({ variants = [] }: ReportData): Section | undefined {
  const costs = COSTS.filter(({ value }) => variants.some((variant) => value(variant) !== undefined));
  if (costs.length === 0) return undefined;
  const [reference, ...others] = variants as [ReportVariant, ...ReportVariant[]];
  const rows = costs.map(
    (cost) => html`<tr><th scope="row">${cost.name} <span class="note">${cost.note}</span></th>
<td class="number">${cell(cost, reference)}</td>${others.map(
      (variant) =>
        html`<td class="number">${cell(cost, variant)}</td><td class="number">${change(cost, reference, variant)}</td>`,
    )}</tr>`,
  );
  return section(
    'costs',
    'What it costs',
    html`<div class="grid"><div class="card wide"><p class="caption">Costs of the exported models${others.length > 0 && `; differences are to ${reference.name}`}. ${runsNote(variants)}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Costs"><table><caption class="hidden">Costs</caption>
<thead><tr><th scope="col">cost</th><th scope="col" class="number">${reference.name}</th>${others.map(
      ({ name }) =>
        html`<th scope="col" class="number">${name}</th><th scope="col" class="number"><abbr title="difference of ${name} to ${reference.name}">diff.</abbr></th>`,
    )}</tr></thead><tbody>${rows}</tbody></table></div></div></div>`,
  );
}

function cell({ value, range, digits }: Cost, variant: ReportVariant): Html {
  const between = range?.(variant);
  return html`${formatNumber(value(variant), digits)}${
    between && html` <span class="note range">${formatNumber(between[0], 1)}–${formatNumber(between[1], 1)}</span>`
  }`;
}

function change({ value, digits }: Cost, a: ReportVariant, b: ReportVariant): string {
  const [before, after] = [value(a), value(b)];
  if (before === undefined || after === undefined) return '–';
  return before === after ? 'equal' : formatDifference(after - before, digits);
}

function runsNote(variants: readonly ReportVariant[]): string {
  const latency = variants.find((variant) => variant.latency)?.latency;
  if (!latency) return '';
  const runs = latency.runs === undefined ? '' : `, ${formatNumber(latency.runs)} runs of each in turn`;
  const range = latency.low === undefined ? '' : '; small print: the range of most runs';
  return `Latency of ${formatNumber(latency.batch ?? 1)} ${(latency.batch ?? 1) === 1 ? 'image' : 'images'} at a time${runs}${range}.`;
}
