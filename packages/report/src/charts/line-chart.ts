import type { Html } from '../html.js';
import { CHART_WIDTH, drawChart } from './draw-chart.js';
import { seriesStyle } from './series.js';

export interface LineSeries {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Which of the series' looks; default: its place. */
  readonly look?: number;
}

export interface LineOptions {
  readonly x: string;
  /** Limits of the vertical axis; default: those of the points. */
  readonly range?: readonly [number, number];
  /** A vertical line, such as the step in which something begins. */
  readonly mark?: number;
  /** Points are marked: for few of them. */
  readonly dots?: boolean;
}

/** Curves over steps. */
export function lineChart(series: readonly LineSeries[], options: LineOptions): Promise<Html> {
  const values = series.flatMap(({ points }, i) => points.map(({ x, y }) => ({ x, y, series: String(i) })));
  const styles = series.map(({ look }, i) => ({
    ...seriesStyle(look ?? i),
    // A dashed line means "another one": a single one is none.
    ...(series.length === 1 && { dash: [1, 0] }),
  }));
  const domain = styles.map((_, i) => String(i));
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    title: options.x,
    axis: { tickCount: 5, grid: false, format: '~s' },
    scale: { nice: false, zero: true },
  };
  return drawChart(
    {
      layer: [
        {
          data: { values },
          mark: { type: 'line', strokeWidth: 2, strokeJoin: 'round' as const, point: false },
          encoding: {
            x,
            y: {
              field: 'y',
              type: 'quantitative',
              title: null,
              axis: { tickCount: 5 },
              scale: options.range ? { domain: [...options.range] } : { zero: false, nice: true },
            },
            color: {
              field: 'series',
              type: 'nominal',
              scale: { domain, range: styles.map(({ color }) => color) },
              legend: null,
            },
            strokeDash: {
              field: 'series',
              type: 'nominal',
              scale: { domain, range: styles.map(({ dash }) => [...dash]) },
              legend: null,
            },
          },
        },
        ...(options.dots
          ? [
              {
                data: { values },
                mark: { type: 'point' as const, filled: true, size: 45, opacity: 1 },
                encoding: {
                  x,
                  y: { field: 'y', type: 'quantitative' as const },
                  color: { field: 'series', type: 'nominal' as const, legend: null },
                },
              },
            ]
          : []),
        ...(options.mark === undefined
          ? []
          : [
              {
                data: { values: [{ x: options.mark }] },
                mark: { type: 'rule' as const, strokeDash: [3, 3], color: 'var(--muted)' },
                encoding: { x },
              },
            ]),
      ],
    },
    { width: CHART_WIDTH, height: 180, margins: { left: 36, right: 14, top: 8, bottom: 38 } },
  );
}
