import { formatDifference, formatNumber } from '../format.js';
import { type Html, html } from '../html.js';
import type { ReportArm, ReportData } from '../report-data.js';
import { type Section, section } from './section.js';

interface Cost {
  readonly name: string;
  readonly note: string;
  readonly digits: number;
  readonly value: (arm: ReportArm) => number | undefined;
  readonly range?: (arm: ReportArm) => readonly [number, number] | undefined;
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

/** Parameters, multiply-adds, file and latency of all arms. */
export function costsSection({ arms = [] }: ReportData): Section | undefined {
  const costs = COSTS.filter(({ value }) => arms.some((arm) => value(arm) !== undefined));
  if (costs.length === 0) return undefined;
  const [reference, ...others] = arms as [ReportArm, ...ReportArm[]];
  const rows = costs.map(
    (cost) => html`<tr><th scope="row">${cost.name} <span class="note">${cost.note}</span></th>
<td class="number">${cell(cost, reference)}</td>${others.map(
      (arm) => html`<td class="number">${cell(cost, arm)}</td><td class="number">${change(cost, reference, arm)}</td>`,
    )}</tr>`,
  );
  return section(
    'costs',
    'What it costs',
    html`<div class="grid"><div class="card wide"><p class="caption">Costs of the exported models${others.length > 0 && `; differences are to ${reference.name}`}. ${runsNote(arms)}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Costs"><table><caption class="hidden">Costs</caption>
<thead><tr><th scope="col">cost</th><th scope="col" class="number">${reference.name}</th>${others.map(
      ({ name }) =>
        html`<th scope="col" class="number">${name}</th><th scope="col" class="number"><abbr title="difference of ${name} to ${reference.name}">diff.</abbr></th>`,
    )}</tr></thead><tbody>${rows}</tbody></table></div></div></div>`,
  );
}

function cell({ value, range, digits }: Cost, arm: ReportArm): Html {
  const between = range?.(arm);
  return html`${formatNumber(value(arm), digits)}${
    between && html` <span class="note range">${formatNumber(between[0], 1)}–${formatNumber(between[1], 1)}</span>`
  }`;
}

function change({ value, digits }: Cost, a: ReportArm, b: ReportArm): string {
  const [before, after] = [value(a), value(b)];
  if (before === undefined || after === undefined) return '–';
  return before === after ? 'equal' : formatDifference(after - before, digits);
}

function runsNote(arms: readonly ReportArm[]): string {
  const latency = arms.find((arm) => arm.latency)?.latency;
  if (!latency) return '';
  const runs = latency.runs === undefined ? '' : `, ${formatNumber(latency.runs)} runs of each in turn`;
  const range = latency.low === undefined ? '' : '; small print: the range of most runs';
  return `Latency of ${formatNumber(latency.batch ?? 1)} ${(latency.batch ?? 1) === 1 ? 'image' : 'images'} at a time${runs}${range}.`;
}
