import type { Html } from '../html.js';
import { CHART_WIDTH, drawChart, rowAxis } from './draw-chart.js';

export interface GenotypeLayer {
  readonly name: string;
  /** Part of each genotype, in sum 1. */
  readonly shares: readonly number[];
}

const ROW = 20;

/** One bar for each layer, by depth, parted by genotypes. */
export function genotypeBars(layers: readonly GenotypeLayer[]): Promise<Html> {
  const genotypes = layers[0]?.shares.length ?? 0;
  const values = layers.flatMap(({ shares }, row) =>
    shares.map((share, g) => ({ row: String(row), genotype: String(g), g, share: 100 * share })),
  );
  const { left, y } = rowAxis(layers.map(({ name }) => name));
  return drawChart(
    {
      data: { values: values.filter(({ share }) => share > 0) },
      mark: { type: 'bar', stroke: 'var(--card)', strokeWidth: 1.5 },
      encoding: {
        y: { ...y, scale: { ...y.scale, paddingInner: 0.2, paddingOuter: 0.1 } },
        x: {
          field: 'share',
          type: 'quantitative',
          title: 'channels, %',
          stack: 'zero',
          axis: { grid: false, values: [0, 25, 50, 75, 100] },
          scale: { domain: [0, 100] },
        },
        order: { field: 'g', type: 'quantitative' },
        color: genotypeColor(genotypes),
      },
    },
    { width: CHART_WIDTH, height: layers.length * ROW, margins: { left, right: 16, top: 4, bottom: 38 } },
  );
}

const SMALL_CHART_WIDTH = 160;

/** Parts of the genotypes of one layer over the steps of a search. */
export function genotypeArea(
  points: readonly { readonly step: number; readonly shares: readonly number[] }[],
): Promise<Html> {
  const genotypes = points[0]?.shares.length ?? 0;
  const last = points.at(-1)?.step ?? 0;
  const values = points.flatMap(({ step, shares }) =>
    shares.map((share, g) => ({ step, genotype: String(g), g, share: 100 * share })),
  );
  return drawChart(
    {
      data: { values },
      mark: { type: 'area', stroke: 'var(--card)', strokeWidth: 0.75 },
      encoding: {
        x: {
          field: 'step',
          type: 'quantitative',
          title: null,
          axis: { grid: false, values: [points[0]?.step ?? 0, last], labelFlush: true, tickSize: 3 },
          scale: { nice: false, zero: false },
        },
        y: {
          field: 'share',
          type: 'quantitative',
          title: null,
          stack: 'zero',
          axis: { grid: false, values: [0, 50, 100], tickSize: 3 },
          scale: { domain: [0, 100] },
        },
        order: { field: 'g', type: 'quantitative' },
        color: genotypeColor(genotypes),
      },
    },
    { width: SMALL_CHART_WIDTH, height: 72, margins: { left: 30, right: 8, top: 5, bottom: 18 } },
  );
}

/** The n-th genotype's color; style.ts has as many as the page needs. */
export function genotypeVariable(index: number): string {
  return `var(--genotype-${index})`;
}

function genotypeColor(genotypes: number) {
  const domain = Array.from({ length: genotypes }, (_, g) => String(g));
  return {
    field: 'genotype',
    type: 'nominal' as const,
    scale: { domain, range: domain.map((_, g) => genotypeVariable(g)) },
    legend: null,
  };
}
