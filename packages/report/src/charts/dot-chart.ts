import type { Html } from '../html.js';
import { CHART_WIDTH, drawChart, rowAxis } from './draw-chart.js';
import { seriesStyle } from './series.js';

export interface DotRow {
  readonly name: string;
  /** One for each series; undefined is not drawn. */
  readonly values: readonly (number | undefined)[];
}

const ROW = 22;

/** A line for each row with one dot for each series, and a bar between the outermost: what differs is what is long. */
export function dotChart(
  rows: readonly DotRow[],
  series: readonly string[],
  options: { readonly title: string },
): Promise<Html> {
  const dots = rows.flatMap(({ name, values }, row) =>
    values.flatMap((value, i) =>
      value === undefined ? [] : [{ row: String(row), name, series: String(i), value, offset: i }],
    ),
  );
  const spans = rows.flatMap(({ values }, row) => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? [] : [{ row: String(row), low: Math.min(...known), high: Math.max(...known) }];
  });
  const { left, y: named } = rowAxis(rows.map(({ name }) => name));
  const y = { ...named, axis: { ...named.axis, grid: true } };
  const styles = series.map((_, i) => seriesStyle(i));
  return drawChart(
    {
      layer: [
        {
          data: { values: spans },
          mark: { type: 'rule', strokeWidth: 3, color: 'var(--line-strong)', opacity: 0.9 },
          encoding: { y, x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
        },
        {
          data: { values: dots },
          mark: { type: 'point', filled: true, size: 70, opacity: 1, stroke: 'var(--card)', strokeWidth: 1 },
          encoding: {
            y,
            x: {
              field: 'value',
              type: 'quantitative',
              title: options.title,
              axis: { tickCount: 5, grid: true },
              scale: { zero: true, nice: true },
            },
            color: {
              field: 'series',
              type: 'nominal',
              scale: { domain: styles.map((_, i) => String(i)), range: styles.map(({ color }) => color) },
              legend: null,
            },
            shape: {
              field: 'series',
              type: 'nominal',
              scale: { domain: styles.map((_, i) => String(i)), range: styles.map(({ shape }) => shape) },
              legend: null,
            },
          },
        },
      ],
    },
    { width: CHART_WIDTH, height: rows.length * ROW, margins: { left, right: 14, top: 6, bottom: 38 } },
  );
}
