import { genotypeArea } from '../charts/genotype-charts.js';
import { lineChart } from '../charts/line-chart.js';
import { seriesLegend } from '../charts/series.js';
import { downsample } from '../downsample.js';
import { figure } from '../figure.js';
import { counted, formatDilation, formatNumber } from '../format.js';
import { type Html, html } from '../html.js';
import { alignDilations, type Dilation } from '../palette.js';
import type { ReportData, ReportSearch } from '../report-data.js';
import { dilationLegend } from './scheme.js';
import { type Section, section } from './section.js';

const LIMIT = 120;

/**
 * How a search went: losses on both halves of the data, how decided it is, and what each layer came to prefer.
 * @param naming of one among several: what tells its ids and its title from those of the others
 */
export async function searchSection(
  { search }: Pick<ReportData, 'search'>,
  dilations: readonly Dilation[],
  { suffix, title }: { readonly suffix: string; readonly title: string } = { suffix: '', title: 'How it was searched' },
): Promise<Section | undefined> {
  if (!search) return undefined;
  const figures = [
    await lossFigure(search, suffix),
    await entropyFigure(search, suffix),
    await intensityFigure(search, dilations, suffix),
  ];
  const drawn = figures.filter((part) => part !== undefined);
  return section(`search${suffix}`, title, [
    searchWords(search),
    drawn.length === 0
      ? html`<p class="more">The curves of this search were not kept.</p>`
      : html`<div class="grid">${drawn}</div>`,
  ]);
}

function searchWords({ seed, start, points = [] }: ReportSearch): Html {
  const last = points.at(-1);
  return html`<p>Weights were fitted on one half of the training images and the architecture on the other, in turn${
    last && `, over ${counted(last.step, 'step')}`
  }${start !== undefined && `; the architecture moved from step ${formatNumber(start + 1)} on`}.${
    seed !== undefined && ` Seed ${seed}.`
  }</p>`;
}

async function lossFigure({ points = [], start }: ReportSearch, suffix: string): Promise<Html | undefined> {
  const { points: thin, each } = downsample(points, LIMIT);
  const names = ['weights’ half', 'architecture’s half'];
  const curves = [
    thin.flatMap(({ step, weightsLoss }) => point(step, weightsLoss)),
    thin.flatMap(({ step, architectureLoss }) => point(step, architectureLoss)),
  ];
  if (curves.every((curve) => curve.length === 0)) return undefined;
  const ends = curves.map((curve, i) => `${names[i]} ${ending(curve)}`).filter((_, i) => curves[i]!.length > 0);
  return figure({
    name: `search-losses${suffix}`,
    title: 'Losses of the search',
    caption: html`${averaged(each)}${start !== undefined && start > 0 && ' Dotted line: the architecture begins to move.'}`,
    alternative: `Curves of the losses over steps: ${ends.join('; ')}.`,
    legend: seriesLegend(names, 'line'),
    picture: await lineChart(
      curves.map((curve, i) => ({ name: names[i]!, points: curve })),
      { x: 'step', ...(start !== undefined && start > 0 && { mark: start }) },
    ),
    data: {
      columns: ['step', 'loss on the weights half', 'loss on the architecture half'],
      rows: thin.map(({ step, weightsLoss, architectureLoss }) => [step, weightsLoss, architectureLoss]),
    },
  });
}

async function entropyFigure({ points = [], start }: ReportSearch, suffix: string): Promise<Html | undefined> {
  const { points: thin, each } = downsample(points, LIMIT);
  const curve = thin.flatMap(({ step, entropy }) => point(step, entropy));
  if (curve.length === 0) return undefined;
  return figure({
    name: `entropy${suffix}`,
    title: 'How undecided the architecture is',
    caption: `Entropy over dilations, mean of all channel groups: 1 is undecided, 0 decided. ${averaged(each)}`,
    alternative: `Curve of the entropy over steps: ${ending(curve)}.`,
    picture: await lineChart([{ name: 'entropy', points: curve, look: 3 }], {
      x: 'step',
      range: [0, 1],
      ...(start !== undefined && start > 0 && { mark: start }),
    }),
    data: { columns: ['step', 'entropy'], rows: curve.map(({ x, y }) => [x, y]) },
  });
}

async function intensityFigure(
  { intensities = [], genotypes = [] }: ReportSearch,
  dilations: readonly Dilation[],
  suffix: string,
): Promise<Html | undefined> {
  const last = intensities.at(-1);
  if (!last || intensities.length < 2) return undefined;
  const { points: steps } = downsample(intensities, LIMIT);
  const charts: Html[] = [];
  for (const [i, { name }] of last.layers.entries()) {
    const points = steps.map(({ step, layers }) => ({
      step,
      shares: alignDilations(layers[i]?.shares ?? [], genotypes, dilations),
    }));
    charts.push(html`<div><p class="name">${name}</p>${await genotypeArea(points)}</div>`);
  }
  const words = last.layers.map(({ name, shares }) => {
    const best = shares.indexOf(Math.max(...shares));
    const dilation = genotypes[best];
    return `${name} mostly ${dilation ? formatDilation(dilation) : '?'} (${formatNumber(100 * shares[best]!)} %)`;
  });
  return figure({
    name: `intensities${suffix}`,
    title: 'What each layer came to prefer',
    caption:
      'Mean probability of each dilation over the channels of a convolution, in percent, from the first step to the last.',
    alternative: `Stacked areas over steps, one picture for each convolution. At the end: ${words.join('; ')}.`,
    legend: dilationLegend(dilations),
    picture: charts,
    kind: 'small',
    wide: true,
    data: {
      columns: ['step', 'convolution', ...genotypes.map(formatDilation)],
      rows: intensities.flatMap(({ step, layers }) => layers.map(({ name, shares }) => [step, name, ...shares])),
    },
  });
}

function point(x: number, y: number | undefined): { x: number; y: number }[] {
  return y === undefined || !Number.isFinite(y) ? [] : [{ x, y }];
}

function ending(curve: readonly { readonly y: number }[]): string {
  if (curve.length === 0) return '';
  return `from ${formatNumber(curve[0]!.y, 2)} to ${formatNumber(curve.at(-1)!.y, 2)}`;
}

export function averaged(each: number): string {
  return each === 1 ? '' : `Each point is the mean of ${each} steps.`;
}
