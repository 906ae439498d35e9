/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { type Detections, decodeMask } from '@nats/detect/core';
import type { Model } from './model.js';
import { colorOf, textElement } from './page-elements.js';
import type { Picture } from './picture.js';
import { schemeWords } from './scheme-words.js';

/** Of one detector on one picture. */
export interface Result {
  readonly model: Model;
  readonly detections: Detections;
  /** Median of some runs, picture in, boxes out. */
  readonly milliseconds: number;
  readonly runs: number;
}

/** The picture with boxes, what they are as a table, and how long it took. */
export function resultElement(
  { model, detections, milliseconds, runs }: Result,
  picture: Picture,
  score: number,
): HTMLElement {
  const { classes } = model.convention;
  const shown = detections.scores.flatMap((value, i) => (value >= score ? [i] : []));
  const nameOf = (i: number) => classes[detections.labels[i]!] ?? String(detections.labels[i]);
  const found = shown.map((i) => `${nameOf(i)} ${detections.scores[i]!.toFixed(2)}`);
  const canvas = drawn(detections, shown, nameOf, picture);
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `The picture with ${found.length} boxes: ${found.join(', ')}`);
  const facts = [
    `${milliseconds.toFixed(1)} ms (median of ${runs} ${runs === 1 ? 'run' : 'runs'})`,
    `${(model.bytes / 1000).toFixed(0)} kB`,
    schemeWords(model.convention) ?? 'no dilations of its own',
  ];
  const article = document.createElement('article');
  article.append(
    textElement('h2', model.name),
    canvas,
    Object.assign(textElement('p', facts.join(' · ')), { className: 'facts' }),
    table(
      shown.map((i) => [
        nameOf(i),
        detections.scores[i]!.toFixed(3),
        detections.boxes[i]!.map((side) => side.toFixed(0)).join(', '),
      ]),
    ),
  );
  return article;
}

function drawn(
  detections: Detections,
  shown: readonly number[],
  nameOf: (i: number) => string,
  { bitmap }: Picture,
): HTMLCanvasElement {
  const { width, height } = bitmap;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const unit = Math.max(1, Math.min(width, height) / 200);
  context.lineWidth = 2 * unit;
  context.font = `600 ${Math.round(9 * unit)}px system-ui, sans-serif`;
  // The best last, on top.
  for (const i of [...shown].reverse()) {
    const [x1, y1, x2, y2] = detections.boxes[i]!;
    const color = colorOf(detections.labels[i]!);
    if (detections.masks) paint(context, decodeMask(detections.masks[i]!), width, height, color);
    context.strokeStyle = color;
    context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    const text = `${nameOf(i)} ${detections.scores[i]!.toFixed(2)}`;
    const top = Math.max(0, y1 - 12 * unit);
    context.fillStyle = color;
    context.fillRect(x1, top, context.measureText(text).width + 4 * unit, 12 * unit);
    context.fillStyle = '#000';
    context.fillText(text, x1 + 2 * unit, top + 9.5 * unit);
  }
  return canvas;
}

function paint(
  context: CanvasRenderingContext2D,
  mask: Uint8Array,
  width: number,
  height: number,
  color: string,
): void {
  const layer = new OffscreenCanvas(width, height);
  const over = layer.getContext('2d')!;
  const alpha = over.createImageData(width, height);
  for (let i = 0; i < mask.length; i++) if (mask[i]) alpha.data[4 * i + 3] = 110;
  over.putImageData(alpha, 0, 0);
  over.globalCompositeOperation = 'source-in';
  over.fillStyle = color;
  over.fillRect(0, 0, width, height);
  context.drawImage(layer, 0, 0);
}

function table(rows: readonly (readonly string[])[]): HTMLElement {
  if (rows.length === 0) return textElement('p', 'Nothing with such a score.');
  const element = document.createElement('table');
  const head = element.createTHead().insertRow();
  for (const name of ['class', 'score', 'x1, y1, x2, y2 in pixels'])
    head.append(Object.assign(textElement('th', name), { scope: 'col' }));
  const body = element.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const cell of row) line.append(textElement('td', cell));
  }
  return element;
}
