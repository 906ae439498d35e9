import { paretoChart } from '../charts/pareto-chart.js';
import { seriesLegend } from '../charts/series.js';
import { meanOf, numberOf } from '../coco-numbers.js';
import { figure } from '../figure.js';
import { formatNumber, listed } from '../format.js';
import { html } from '../html.js';
import type { ReportData } from '../report-data.js';
import { type Section, section } from './section.js';

/** From so many models on there is more to see than in the tables. */
const LEAST = 3;

/** AP against the latency of the exported file, relative to the first model's. */
export async function tradeOffSection({ variants = [] }: ReportData): Promise<Section | undefined> {
  const known = variants.flatMap((variant) => {
    const ap = meanOf(numberOf(variant, 0));
    const { latency } = variant;
    return ap === undefined || !latency ? [] : [{ name: variant.name, ap, milliseconds: latency.milliseconds }];
  });
  const [reference] = known;
  if (!reference || known.length < LEAST) return undefined;
  const rows = known.map((row) => ({ ...row, ratio: row.milliseconds / reference.milliseconds }));
  const points = rows.map((row) => ({ ...row, best: !rows.some((other) => beats(other, row)) }));
  const best = points.filter((point) => point.best).sort((a, b) => a.ratio - b.ratio);
  const words = best.map(({ name, ap, ratio }) => `${name} (AP ${formatNumber(ap, 1)} at ${formatNumber(ratio, 2)})`);
  return section(
    'trade-off',
    'Accuracy against latency',
    html`<div class="grid">${figure({
      name: 'trade-off',
      title: 'AP and the time of the exported file',
      caption: `Latency as a multiple of that of ${reference.name}, measured as the table of costs says. The line leads through the models that no other beats in both.`,
      alternative: `AP against latency of ${points.length} models. None is beaten in both: ${listed(words)}.`,
      legend: seriesLegend(
        points.map(({ name }) => name),
        'point',
      ),
      picture: await paretoChart(
        points.map(({ ratio, ap, best: unbeaten }) => ({ x: ratio, y: ap, best: unbeaten })),
        { x: `latency, times that of ${reference.name}`, y: 'AP, percent' },
      ),
      data: {
        columns: ['model', 'latency, ms', 'relative', 'AP', 'beaten'],
        rows: points.map(({ name, milliseconds, ratio, ap, best: unbeaten }) => [
          name,
          milliseconds,
          ratio,
          ap,
          unbeaten ? 'no' : 'yes',
        ]),
      },
    })}</div>`,
  );
}

interface Outcome {
  readonly ap: number;
  readonly ratio: number;
}

/** As good and as fast, and better in one of the two. */
function beats(a: Outcome, b: Outcome): boolean {
  return a.ap >= b.ap && a.ratio <= b.ratio && (a.ap > b.ap || a.ratio < b.ratio);
}
