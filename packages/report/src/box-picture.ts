import { type Html, html } from './html.js';
import type { ReportBox } from './report-data.js';

/** What a box means; each kind differs by more than color. */
export type BoxKind = 'truth' | 'right' | 'wrong' | 'missed';

export const BOX_COLOURS: Readonly<Record<BoxKind, string>> = {
  truth: '#ffe45c',
  right: '#5ce1e6',
  wrong: '#ff8f66',
  missed: '#ffe45c',
};

const DASHES: Readonly<Record<BoxKind, string>> = { truth: '', right: '', wrong: '5 3', missed: '2 3' };

export interface DrawnBox extends ReportBox {
  readonly kind: BoxKind;
}

/** Text is drawn as high as this part of the picture's longer side. */
const LETTER_HEIGHT = 0.062;

/**
 * Boxes with names over a picture, sharp at any size. Later boxes lie on earlier ones, names of earlier ones on later ones.
 * @param image id of a symbol with the picture, as wide and high as given
 */
export function boxPicture(
  image: string,
  { width, height }: { readonly width: number; readonly height: number },
  boxes: readonly DrawnBox[],
): Html {
  const size = LETTER_HEIGHT * Math.max(width, height);
  return html`<svg viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false"><use href="#${image}" width="${width}" height="${height}"/>
${boxes.map((box) => outline(box))}${[...boxes].reverse().map((box) => sign(box, size, width, height))}</svg>`;
}

/** Dark under bright: seen on any picture. */
function outline({ box, kind }: DrawnBox): Html {
  const [x1, y1, x2, y2] = box.map((side) => round(side)) as [number, number, number, number];
  const place = html`x="${x1}" y="${y1}" width="${round(Math.max(0, x2 - x1))}" height="${round(Math.max(0, y2 - y1))}" fill="none" vector-effect="non-scaling-stroke"`;
  return html`<rect ${place} stroke="#000" stroke-opacity=".6" stroke-width="4" stroke-dasharray="${DASHES[kind]}"/><rect ${place} stroke="${BOX_COLOURS[kind]}" stroke-width="2" stroke-dasharray="${DASHES[kind]}"/>`;
}

function sign({ box, kind, label, score }: DrawnBox, size: number, width: number, height: number): Html | false {
  if (kind === 'missed') return false;
  const text = score === undefined ? label : `${label} ${score.toFixed(2).replace(/^0/, '')}`;
  const long = round(Math.min(width, ([...text].length * 0.56 + 0.5) * size));
  const high = round(size * 1.15);
  const x = round(Math.min(Math.max(0, box[0]), Math.max(0, width - long)));
  const y = round(Math.min(box[1] >= high ? box[1] - high : Math.max(0, box[1]), height - high));
  return html`<rect x="${x}" y="${y}" width="${long}" height="${high}" fill="${BOX_COLOURS[kind]}" fill-opacity=".92"/><text x="${round(x + size * 0.2)}" y="${round(y + size * 0.92)}" font-size="${round(size)}" textLength="${round(Math.max(1, long - size * 0.4))}" lengthAdjust="spacingAndGlyphs" fill="#111">${text}</text>`;
}

function round(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 100) / 100 : 0;
}
