import { dotChart } from '../charts/dot-chart.js';
import { seriesLegend } from '../charts/series.js';
import {
  COCO_NUMBERS,
  COCO_SIZES,
  classAp,
  evaluatedByMasks,
  haveMasks,
  meanOf,
  numberOf,
  sizeNotes,
} from '../coco-numbers.js';
import { figure } from '../figure.js';
import { formatDifference, formatNumber, listed } from '../format.js';
import { type Html, html } from '../html.js';
import type { ReportData, ReportVariant } from '../report-data.js';
import { difference, type Seeded, spread } from '../statistics.js';
import { type Section, section } from './section.js';

/** What numbers are of: in titles, and in names of files and figures. */
interface Evaluated {
  readonly of: '' | ' of boxes' | ' of masks';
  readonly prefix: '' | 'mask-';
}

/** Table and pictures of COCO's numbers, of all classes together and of each; those of masks follow those of boxes. */
export async function accuracySection(data: ReportData): Promise<Section | undefined> {
  const variants = (data.variants ?? []).filter(({ evaluations = [] }) => evaluations.length > 0);
  if (variants.length === 0) return undefined;
  if (!haveMasks(variants))
    return section('accuracy', 'Accuracy', await numbers(variants, data, { of: '', prefix: '' }));
  return section('accuracy', 'Accuracy', [
    await numbers(variants, data, { of: ' of boxes', prefix: '' }),
    await numbers(variants.map(evaluatedByMasks), data, { of: ' of masks', prefix: 'mask-' }),
  ]);
}

async function numbers(variants: readonly ReportVariant[], data: ReportData, evaluated: Evaluated): Promise<Html> {
  return html`<div class="grid"><div class="card">${cocoTable(variants, data, evaluated)}</div><div class="stack">${await twelveFigure(variants, evaluated)}${await classFigure(variants, data, evaluated)}</div></div>`;
}

function cocoTable(variants: readonly ReportVariant[], { dataset }: ReportData, { of }: Evaluated): Html {
  const sizes = sizeNotes(dataset?.sizeBounds ?? COCO_SIZES);
  const [reference, ...others] = variants as [ReportVariant, ...ReportVariant[]];
  const several = variants.some(({ evaluations = [] }) => evaluations.length > 1);
  const rows = COCO_NUMBERS.map(({ name, note }, i) => {
    const extra = i % 6 >= 3 ? sizes[i % 3]! : note;
    return html`<tr${i === 6 && BREAK}><th scope="row">${name} <span class="note">${extra}</span></th>
<td class="number">${valueText(numberOf(reference, i))}</td>${others.map(
      (variant) =>
        html`<td class="number">${valueText(numberOf(variant, i))}</td>${differenceCell(reference, variant, i)}`,
    )}</tr>`;
  });
  return html`<h3>COCO’s twelve numbers${of}</h3><p class="caption">In percent: average precision (AP) and recall (AR)${
    several && ', means over seeds ± standard deviation'
  }${others.length > 0 && `. Differences are to ${reference.name}${several ? '; those that the seeds’ spread explains are gray' : ''}`}.</p>
<div class="scroll" tabindex="0" role="region" aria-label="COCO's twelve numbers${of}"><table><caption class="hidden">COCO's twelve numbers${of}, in percent</caption>
<thead><tr><th scope="col">number</th><th scope="col" class="number">${reference.name}</th>${others.map(
    (variant) =>
      html`<th scope="col" class="number">${variant.name}</th><th scope="col" class="number"><abbr title="difference of ${variant.name} to ${reference.name}">diff.</abbr></th>`,
  )}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

const BREAK = html` class="break"`;

function valueText(values: readonly Seeded[]): Html {
  if (values.length === 0) return html`–`;
  const { mean, deviation } = spread(values.map(({ value }) => value));
  return html`${formatNumber(mean, 1)}${deviation !== undefined && html` <span class="note">± ${formatNumber(deviation, 1)}</span>`}`;
}

function differenceCell(reference: ReportVariant, variant: ReportVariant, index: number): Html {
  const found = difference(numberOf(reference, index), numberOf(variant, index));
  if (!found) return html`<td class="number">–</td>`;
  const text = formatDifference(found.mean, 1);
  const kind = found.verdict === 'within' ? 'note' : text.startsWith('+') ? 'up' : text.startsWith('±') ? '' : 'down';
  const words = found.verdict === 'within' && html`<span class="hidden"> (within the spread)</span>`;
  return html`<td class="number"><span class="${kind}">${text}</span>${words}</td>`;
}

async function twelveFigure(variants: readonly ReportVariant[], { of, prefix }: Evaluated): Promise<Html> {
  const names = variants.map(({ name }) => name);
  const rows = COCO_NUMBERS.map(({ name }, i) => ({
    name,
    values: variants.map((variant) => meanOf(numberOf(variant, i))),
  }));
  return figure({
    name: `${prefix}coco-numbers`,
    title: `The same as a picture${of && `: numbers${of}`}`,
    caption: 'The bar between the marks is the difference.',
    alternative: `Dot chart of COCO's twelve numbers${of} of ${listed(names)}, in percent. ${describe(rows[0]!.values, names, 'AP')}`,
    legend: seriesLegend(names, 'point'),
    picture: await dotChart(rows, names, { title: 'percent' }),
    data: {
      columns: ['number', ...names],
      rows: rows.map(({ name, values }) => [name, ...values]),
    },
  });
}

async function classFigure(
  variants: readonly ReportVariant[],
  { dataset }: ReportData,
  { of, prefix }: Evaluated,
): Promise<Html | undefined> {
  const count = Math.max(
    0,
    ...variants.flatMap(({ evaluations = [] }) => evaluations.map((e) => e.perCategory?.length ?? 0)),
  );
  if (count === 0) return undefined;
  const names = variants.map(({ name }) => name);
  const rows = Array.from({ length: count }, (_, i) => ({
    name: dataset?.classes?.[i] ?? `class ${i + 1}`,
    values: variants.map((variant) => meanOf(classAp(variant, i))),
  }));
  return figure({
    name: `${prefix}classes`,
    title: `AP${of} of each class`,
    caption: variants.length > 1 ? 'Classes with few objects move most by chance.' : undefined,
    alternative: `Dot chart of AP${of} by class, in percent. ${rows.map(({ name, values }) => describe(values, names, name)).join(' ')}`,
    legend: seriesLegend(names, 'point'),
    picture: await dotChart(rows, names, { title: 'AP, percent' }),
    data: { columns: ['class', ...names], rows: rows.map(({ name, values }) => [name, ...values]) },
  });
}

function describe(values: readonly (number | undefined)[], names: readonly string[], what: string): string {
  return `${what}: ${listed(values.map((value, i) => `${names[i]} ${formatNumber(value, 1)}`))}.`;
}
