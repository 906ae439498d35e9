import { type Html, html, raw } from '../html.js';

/** How the n-th of several series looks: told apart by more than its color. */
export interface SeriesStyle {
  readonly color: string;
  readonly shape: string;
  readonly dash: readonly number[];
}

const SHAPES = ['circle', 'diamond', 'square', 'triangle-up', 'cross', 'triangle-down'] as const;
const DASHES: readonly (readonly number[])[] = [
  [1, 0],
  [6, 2],
  [2, 2],
  [8, 2, 2, 2],
  [4, 4],
  [10, 3],
];

/** Colors that style.ts has. */
const SERIES_COLOURS = 6;

export function seriesStyle(index: number): SeriesStyle {
  const i = index % SERIES_COLOURS;
  return { color: `var(--series-${i})`, shape: SHAPES[i]!, dash: DASHES[i]! };
}

export interface LegendEntry {
  readonly name: string;
  readonly color: string;
  readonly mark: 'line' | 'point' | 'area';
  readonly shape?: string;
  readonly dash?: readonly number[];
}

/** In HTML: it wraps where a picture could not, and is read as text. */
export function legend(entries: readonly LegendEntry[]): Html {
  return html`<ul class="legend">${entries.map(
    (entry) => html`<li>${swatch(entry)}<span>${entry.name}</span></li>`,
  )}</ul>`;
}

export function seriesLegend(names: readonly string[], mark: 'line' | 'point'): Html {
  return legend(names.map((name, i) => ({ name, mark, ...seriesStyle(i) })));
}

function swatch({ mark, color, shape, dash }: LegendEntry): Html {
  const ink = raw(`style="--c:${color}"`);
  const inside =
    mark === 'line'
      ? html`<path d="M1 8H27" fill="none" stroke="var(--c)" stroke-width="2.5" stroke-dasharray="${(dash ?? [1, 0]).join(' ')}"/>`
      : html`<path d="${mark === 'area' ? 'M8 2h12v12H8z' : OUTLINES[shape ?? 'circle']}" fill="var(--c)"/>`;
  return html`<svg aria-hidden="true" focusable="false" width="28" height="16" viewBox="0 0 28 16" ${ink}>${inside}</svg>`;
}

const OUTLINES: Readonly<Record<string, string>> = {
  circle: 'M9 8a5 5 0 1 0 10 0a5 5 0 1 0 -10 0',
  diamond: 'M14 2l4.5 6l-4.5 6l-4.5 -6z',
  square: 'M9.5 3.5h9v9h-9z',
  'triangle-up': 'M14 3l5.5 10h-11z',
  cross: 'M12 3h4v3h3v4h-3v3h-4v-3h-3v-4h3z',
  'triangle-down': 'M14 13l5.5 -10h-11z',
};
