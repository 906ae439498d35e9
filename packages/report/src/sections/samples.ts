import { BOX_COLOURS, boxPicture, type DrawnBox } from '../box-picture.js';
import { type DataTable, dataUri } from '../data-table.js';
import { figure } from '../figure.js';
import { counted, formatNumber } from '../format.js';
import { type Html, html, raw } from '../html.js';
import { imageType } from '../image-type.js';
import { FOUND_IOU, matchBoxes } from '../match-boxes.js';
import type { BoxedSample, DrawnSample, ReportBox, ReportData } from '../report-data.js';
import { type Section, section } from './section.js';

/** The same images with the annotated objects and with what each model found. */
export function samplesSection({
  samples = [],
  sampleMinScore,
}: Pick<ReportData, 'samples' | 'sampleMinScore'>): Section | undefined {
  if (samples.length === 0) return undefined;
  const boxed = samples.some((sample) => !('pictures' in sample));
  const least = sampleMinScore === undefined ? '' : ` Detections with a score below ${sampleMinScore} are left out.`;
  return section('samples', 'What they find', [
    boxed &&
      html`<p>A box is right if it has the class of an object and overlaps it by at least ${FOUND_IOU} (intersection over union).${least}</p>${legend()}`,
    html`<div class="grid">${samples.map((sample, i) =>
      'pictures' in sample ? drawnFigure(sample, i) : boxedFigure(sample, i),
    )}</div>`,
  ]);
}

function boxedFigure(sample: BoxedSample, index: number): Html {
  const { name, image, width, height, truth, detections = [] } = sample;
  const symbol = `sample-image-${index}`;
  const source = dataUri(imageType(image, name), image);
  const pixelated = Math.max(width, height) < 200 && html` class="pixelated"`;
  const panels = [...(truth ? [truthPanel(truth)] : []), ...detections.map((found) => variantPanel(found, truth))];
  return figure({
    name: `sample-${index}`,
    title: `Image ${name}`,
    alternative: `Image ${name} with boxes. ${panels.map(({ title, words }) => `${title}: ${words}.`).join(' ')}`,
    kind: 'pictures',
    wide: panels.length > 2,
    picture: html`<svg class="hidden" aria-hidden="true" focusable="false"><symbol id="${symbol}" viewBox="0 0 ${width} ${height}"><image href="${source}" width="${width}" height="${height}" preserveAspectRatio="none"${pixelated}/></symbol></svg>
${panels.map(
  ({ title, words, drawn }) =>
    html`<div class="picture">${boxPicture(symbol, { width, height }, drawn)}<p><strong>${title}</strong><br>${words}</p></div>`,
)}`,
    data: boxTable(panels),
  });
}

interface Panel {
  readonly title: string;
  readonly words: string;
  /** All of them, for the table; `drawn` is what the picture shows. */
  readonly boxes: readonly DrawnBox[];
  readonly drawn: readonly DrawnBox[];
}

/** A detector that has learned little finds dozens of wrong boxes: more than these, or than objects, hide the picture. */
const WRONG_DRAWN = 3;

function truthPanel(truth: readonly ReportBox[]): Panel {
  const boxes = truth.map((box): DrawnBox => ({ ...box, kind: 'truth' }));
  return { title: 'ground truth', words: counted(truth.length, 'object'), boxes, drawn: boxes };
}

function variantPanel(
  { variant, boxes }: NonNullable<BoxedSample['detections']>[number],
  truth: readonly ReportBox[] | undefined,
): Panel {
  // Without annotations nothing is right or wrong.
  if (!truth) {
    const drawn = boxes.map((box): DrawnBox => ({ ...box, kind: 'right' }));
    return { title: variant, words: counted(boxes.length, 'box', 'boxes'), boxes: drawn, drawn };
  }
  const { right, wrong, missed } = matchBoxes(boxes, truth);
  const most = Math.max(WRONG_DRAWN, truth.length);
  const found = `${formatNumber(right.length)} of ${formatNumber(truth.length)} found`;
  const errors = `${counted(wrong.length, 'wrong box', 'wrong boxes')}${wrong.length > most ? `, the best ${most} drawn` : ''}`;
  const kinds = (shown: readonly ReportBox[]): DrawnBox[] => [
    ...missed.map((box): DrawnBox => ({ ...box, kind: 'missed' })),
    ...right.map((box): DrawnBox => ({ ...box, kind: 'right' })),
    // Last, so on top: broken lines hide nothing.
    ...shown.map((box): DrawnBox => ({ ...box, kind: 'wrong' })),
  ];
  return {
    title: variant,
    words: wrong.length === 0 ? found : `${found}; ${errors}`,
    boxes: kinds(wrong),
    drawn: kinds(wrong.slice(0, most)),
  };
}

function boxTable(panels: readonly Panel[]): DataTable {
  return {
    columns: ['boxes of', 'kind', 'class', 'score', 'x1', 'y1', 'x2', 'y2'],
    rows: panels.flatMap(({ title, boxes }) =>
      boxes.map(({ kind, label, score, box }) => [
        title,
        kind,
        label,
        score && rounded(score, 3),
        ...box.map((side) => rounded(side, 1)),
      ]),
    ),
  };
}

function drawnFigure({ name, pictures }: DrawnSample, index: number): Html {
  return figure({
    name: `sample-${index}`,
    title: `Image ${name}`,
    alternative: `Image ${name}. ${pictures.map(({ title, description = 'a picture with boxes' }) => `${title}: ${description}.`).join(' ')}`,
    kind: 'pictures',
    wide: pictures.length > 2,
    picture: pictures.map(
      ({ title, image, description }) =>
        html`<div class="picture"><img alt="" src="${dataUri(imageType(image, name), image)}"><p><strong>${title}</strong>${
          description !== undefined && html`<br>${description}`
        }</p></div>`,
    ),
    data: {
      columns: ['picture', 'shows'],
      rows: pictures.map(({ title, description = '' }) => [title, description]),
    },
  });
}

function legend(): Html {
  const entries = [
    ['truth', 'object', ''],
    ['right', 'right', ''],
    ['wrong', 'wrong', '5 3'],
    ['missed', 'object that was missed', '1.5 3.5'],
  ] as const;
  return html`<ul class="legend">${entries.map(
    ([kind, text, dash]) =>
      html`<li><svg aria-hidden="true" focusable="false" width="28" height="16" viewBox="0 0 28 16"><rect width="28" height="16" rx="2" fill="#333"/>${raw(
        `<rect x="4" y="3.5" width="20" height="9" fill="none" stroke="${BOX_COLOURS[kind]}" stroke-width="2" stroke-dasharray="${dash}"/>`,
      )}</svg><span>${text}</span></li>`,
  )}</ul>`;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
