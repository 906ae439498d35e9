import type { Html } from '../html.js';
import { CHART_WIDTH, drawChart } from './draw-chart.js';
import { seriesStyle } from './series.js';

export interface ParetoPoint {
  readonly x: number;
  readonly y: number;
  /** Whether no other is both as good and as cheap. */
  readonly best: boolean;
}

/** What is gained against what it costs: a point for each series, and a line through those that nothing beats. */
export function paretoChart(
  points: readonly ParetoPoint[],
  titles: { readonly x: string; readonly y: string },
): Promise<Html> {
  const styles = points.map((_, i) => seriesStyle(i));
  const values = points.map(({ x, y }, i) => ({ x, y, series: String(i) }));
  const front = points.filter(({ best }) => best).sort((a, b) => a.x - b.x);
  const domain = styles.map((_, i) => String(i));
  const scale = { zero: false, nice: true, padding: 8 };
  const x = { field: 'x', type: 'quantitative' as const, title: titles.x, axis: { tickCount: 5, grid: true }, scale };
  const y = { field: 'y', type: 'quantitative' as const, title: titles.y, axis: { tickCount: 5 }, scale };
  return drawChart(
    {
      layer: [
        {
          data: { values: front.map((point) => ({ x: point.x, y: point.y })) },
          mark: { type: 'line', strokeWidth: 2, interpolate: 'step-after', color: 'var(--line-strong)' },
          encoding: { x, y, order: { field: 'x', type: 'quantitative' } },
        },
        {
          data: { values },
          mark: { type: 'point', filled: true, size: 80, opacity: 1, stroke: 'var(--card)', strokeWidth: 1 },
          encoding: {
            x,
            y,
            color: {
              field: 'series',
              type: 'nominal',
              scale: { domain, range: styles.map(({ color }) => color) },
              legend: null,
            },
            shape: {
              field: 'series',
              type: 'nominal',
              scale: { domain, range: styles.map(({ shape }) => shape) },
              legend: null,
            },
          },
        },
      ],
    },
    { width: CHART_WIDTH, height: 220, margins: { left: 44, right: 14, top: 8, bottom: 38 } },
  );
}
