import { dataUri, downloadLink } from '../data-table.js';
import { fieldCenter, fieldGrid, fieldPng, type Grid, type Part, visiblePart } from '../field-picture.js';
import { figure } from '../figure.js';
import { formatNumber, listed } from '../format.js';
import { type Html, html } from '../html.js';
import type { ReportData, ReportField, ReportVariant } from '../report-data.js';
import { type Section, section } from './section.js';

/** Which pixels move the central value of each stage, of all variants beside each other. */
export async function fieldsSection({ variants = [] }: ReportData): Promise<Section | undefined> {
  const seen = variants.filter(({ fields = [] }) => fields.length > 0);
  if (seen.length === 0) return undefined;
  const stages = [...new Set(seen.flatMap(({ fields = [] }) => fields.map(({ stage }) => stage)))];
  const figures: Html[] = [];
  for (const stage of stages) figures.push(await stageFigure(stage, seen));
  return section('fields', 'What the layers see', [
    html`<p>Effective receptive fields (Luo et al. 2016): how much the central value of a stage moves with each pixel,
on average over the images that are shown on this page, as the detector sees them. Brightness is the square root of the influence. The dashed square has as many pixels as have at least 4.55 % of the largest influence.</p>`,
    html`<div class="grid three">${figures}</div>`,
  ]);
}

async function stageFigure(stage: string, variants: readonly ReportVariant[]): Promise<Html> {
  const found = variants.flatMap(({ name, fields = [] }) =>
    fields.filter((field) => field.stage === stage).map((field) => ({ variant: name, field })),
  );
  const part = visiblePart(found.map(({ field }) => field));
  const fields = found.map(({ variant, field }) => ({ variant, field, grid: fieldGrid(field, partOf(field, part)) }));
  const pictures: Html[] = [];
  for (const { variant, field, grid } of fields)
    pictures.push(await fieldPicture(variant, field, grid, partOf(field, part)));
  const words = fields.map(({ variant, field }) => `${variant} ${extent(field)}`);
  const maps = fields.map(({ variant, grid, field }) => ({
    variant,
    part: partOf(field, part),
    height: grid.height,
    width: grid.width,
    thousandths: Array.from(grid.values, (value) => Math.round(1000 * value)),
  }));
  return figure({
    name: `field-${stage.replace(/[^A-Za-z0-9]+/g, '-')}`,
    title: `Stage ${stage.toUpperCase()}`,
    caption: html`The middle ${part.width} × ${part.height} of ${found[0]!.field.width} × ${found[0]!.field.height} pixels. ${downloadLink(
      `field-${stage}.json`,
      'application/json',
      `${JSON.stringify({ stage, maps })}\n`,
      'Download the maps',
      `stage ${stage}`,
    )}`,
    alternative: `Receptive fields of stage ${stage}: ${listed(words)}.`,
    kind: 'pictures',
    picture: pictures,
    data: {
      columns: ['model', 'side, px', 'deviation vertical, px', 'deviation horizontal, px'],
      rows: fields.map(({ variant, field }) => [variant, field.side, field.deviation?.[0], field.deviation?.[1]]),
    },
  });
}

/** Fields of different sizes are shown whole. */
function partOf({ height, width }: ReportField, part: Part): Part {
  const fits = part.top + part.height <= height && part.left + part.width <= width;
  return fits ? part : { top: 0, left: 0, height, width };
}

async function fieldPicture(variant: string, field: ReportField, grid: Grid, { height, width }: Part): Promise<Html> {
  const { side } = field;
  const image = dataUri('image/png', await fieldPng(grid));
  const [y, x] = fieldCenter(grid);
  const square =
    side !== undefined &&
    html`<rect x="${x * width - side / 2}" y="${y * height - side / 2}" width="${side}" height="${side}" fill="none" stroke="#fff" stroke-opacity=".85" stroke-width="1.5" stroke-dasharray="4 3" vector-effect="non-scaling-stroke"/>`;
  return html`<div class="picture"><svg viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false">
<image href="${image}" width="${width}" height="${height}" preserveAspectRatio="none" class="pixelated"/>${square}</svg>
<p><strong>${variant}</strong><br>${extent(field)}</p></div>`;
}

function extent({ side, deviation }: ReportField): string {
  const parts = [
    ...(side === undefined ? [] : [`side ${formatNumber(side)} px`]),
    ...(deviation === undefined
      ? []
      : [`deviation ${formatNumber(deviation[0], 1)} × ${formatNumber(deviation[1], 1)} px`]),
  ];
  return parts.length === 0 ? 'not measured' : parts.join(', ');
}
