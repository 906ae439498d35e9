import type { TopLevelSpec } from 'vega-lite';
import { type Html, raw } from '../html.js';

/** Drawn as wide as a phone's column, so that letters keep their size there. */
export const CHART_WIDTH = 352;

/** Space around the plot in which axes are: set by us, for without a canvas vega can only guess how wide letters are. */
export interface Margins {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Plot {
  /** Of the whole picture, in CSS pixels. */
  readonly width: number;
  /** Of the plot without margins. */
  readonly height: number;
  readonly margins: Margins;
}

/** Without what `drawChart` sets itself. */
type View<T = TopLevelSpec> = T extends unknown
  ? Omit<T, 'width' | 'height' | 'padding' | 'autosize' | 'config'>
  : never;

/**
 * A Vega-Lite view as an SVG element with no script in it. Colors may be CSS variables (`var(--ink)`), so that one
 * picture serves light and dark pages. It is hidden from screen readers: the figure around it has the words.
 */
export async function drawChart(view: View, { width, height, margins }: Plot): Promise<Html> {
  // Late: most commands draw nothing, and these two take a while to load.
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const spec = {
    ...view,
    width: width - margins.left - margins.right,
    height,
    padding: margins,
    autosize: { type: 'none' },
    config: CONFIG,
  } as TopLevelSpec;
  const drawn = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none', logLevel: vega.Error });
  try {
    const svg = await drawn.toSVG();
    return raw(svg.replace(/^<svg /, '<svg aria-hidden="true" focusable="false" '));
  } finally {
    drawn.finalize();
  }
}

/** The vertical axis of a chart with one row for each name, whatever the names are, and the space that it takes. */
export function rowAxis(names: readonly string[]) {
  const space = 8 + Math.min(LONGEST_LABEL, Math.max(0, ...names.map(labelWidth)));
  const order = names.map((_, row) => String(row));
  return {
    left: space,
    y: {
      field: 'row',
      type: 'ordinal' as const,
      sort: order,
      scale: { domain: order },
      axis: {
        title: null,
        ticks: false,
        domain: false,
        labelPadding: 6,
        // Vega's guess of a text's width is too large: names are cut here.
        labelLimit: 0,
        labelExpr: labelsByRow(names.map((name) => shortened(name, LONGEST_LABEL))),
      },
    },
  };
}

/** In pixels. */
const LONGEST_LABEL = 120;

/** An axis expression that names the n-th row: text that comes from elsewhere cannot be part of its code. */
function labelsByRow(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name.replace(/[^A-Za-z0-9 ._-]/g, codeUnit)}"`);
  return `[${quoted.join(', ')}][+datum.value]`;
}

function codeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function shortened(text: string, width: number): string {
  if (labelWidth(text) <= width) return text;
  const characters = [...text];
  // Both ends are kept: the end of a layer's name tells it from its neighbors.
  for (let kept = characters.length - 1; kept > 2; kept--) {
    const end = Math.floor(kept / 2);
    const short = `${characters.slice(0, kept - end).join('')}…${characters.slice(-end).join('')}`;
    if (labelWidth(short) <= width) return short;
  }
  return `${characters[0]}…`;
}

/** About how wide a text is in pixels at the size of labels, in a wide font. */
function labelWidth(text: string): number {
  return [...text].reduce(
    (sum, letter) => sum + (/[ .,:;'ijl|!]/.test(letter) ? 3.6 : /[mwMW@%]/.test(letter) ? 10.5 : 7),
    0,
  );
}

const CONFIG: TopLevelSpec['config'] = {
  aria: false,
  background: 'transparent',
  font: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: 'var(--muted)',
    titleColor: 'var(--muted)',
    domainColor: 'var(--line-strong)',
    tickColor: 'var(--line-strong)',
    gridColor: 'var(--line)',
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    tickSize: 4,
  },
};
