import { type LineSeries, lineChart } from '../charts/line-chart.js';
import { seriesLegend } from '../charts/series.js';
import { downsample } from '../downsample.js';
import { figure } from '../figure.js';
import { formatNumber } from '../format.js';
import { type Html, html } from '../html.js';
import type { ReportData, ReportTraining } from '../report-data.js';
import { averaged } from './search.js';
import { type Section, section } from './section.js';

const LIMIT = 100;
/** More curves than looks cannot be told apart in one picture. */
const MOST_CURVES = 6;

/** Curves of all trainings: those of the variants together, others by themselves. */
export async function trainingSection({
  trainings = [],
  variants = [],
}: Pick<ReportData, 'trainings' | 'variants'>): Promise<Section | undefined> {
  const known = trainings.filter(({ points }) => points.length > 0);
  if (known.length === 0) return undefined;
  const ofVariants = known.filter(
    ({ variant }) => variant !== undefined && variants.some(({ name }) => name === variant),
  );
  const others = known.filter((training) => !ofVariants.includes(training));
  const figures: (Html | undefined)[] = [];
  for (const [i, group] of [...chunks(ofVariants), ...others.map((training) => [training])].entries()) {
    const title = group.length === 1 ? `Loss: ${group[0]!.name}` : 'Loss of the detectors';
    figures.push(await lossFigure(`training-${i}`, title, group));
    figures.push(await evaluationFigure(`evaluations-${i}`, group));
  }
  return section(
    'training',
    'How it was trained',
    html`<div class="grid">${figures.filter((part) => part !== undefined)}</div>`,
  );
}

function chunks(trainings: readonly ReportTraining[]): ReportTraining[][] {
  return Array.from({ length: Math.ceil(trainings.length / MOST_CURVES) }, (_, i) =>
    trainings.slice(i * MOST_CURVES, (i + 1) * MOST_CURVES),
  );
}

async function lossFigure(name: string, title: string, group: readonly ReportTraining[]): Promise<Html> {
  const thin = group.map(({ points }) => downsample(points, LIMIT));
  const names = labels(group);
  const series = thin.map(({ points }, i) => ({
    name: names[i]!,
    points: points.filter(({ loss }) => Number.isFinite(loss)).map(({ step, loss }) => ({ x: step, y: loss })),
  }));
  return figure({
    name,
    title,
    caption: averaged(Math.max(...thin.map(({ each }) => each))),
    alternative: `Curves of the loss over steps: ${ends(series, 3)}.`,
    legend: seriesLegend(names, 'line'),
    picture: await lineChart(series, { x: 'step' }),
    data: {
      columns: ['training', 'step', 'loss', 'learning rate'],
      rows: thin.flatMap(({ points }, i) =>
        points.map(({ step, loss, learningRate }) => [names[i], step, loss, learningRate]),
      ),
    },
  });
}

/** The first metric of the evaluations on the way, AP or accuracy. */
async function evaluationFigure(name: string, group: readonly ReportTraining[]): Promise<Html | undefined> {
  const first = group.flatMap(({ evaluations = [] }) => evaluations)[0];
  const metric = first && Object.keys(first.metrics)[0];
  if (!first || metric === undefined) return undefined;
  const names = labels(group);
  const series = group.map(({ evaluations = [] }, i) => ({
    name: names[i]!,
    points: evaluations.flatMap(({ step, split, metrics }) => {
      const value = metrics[metric];
      return split === first.split && value !== undefined && Number.isFinite(value) ? [{ x: step, y: value }] : [];
    }),
  }));
  const metrics = [
    ...new Set(group.flatMap(({ evaluations = [] }) => evaluations.flatMap((e) => Object.keys(e.metrics)))),
  ];
  return figure({
    name,
    title: `${metric} on ${first.split} while training`,
    alternative: `Curves of ${metric} over steps: ${ends(series, 3)}.`,
    legend: seriesLegend(names, 'line'),
    picture: await lineChart(series, { x: 'step', dots: true }),
    data: {
      columns: ['training', 'step', 'split', ...metrics],
      rows: group.flatMap(({ evaluations = [] }, i) =>
        evaluations.map((e) => [names[i], e.step, e.split, ...metrics.map((key) => e.metrics[key])]),
      ),
    },
  });
}

function labels(group: readonly ReportTraining[]): string[] {
  const several = new Set(group.map(({ name }) => name)).size < group.length;
  return group.map(({ name, seed }) => (several && seed !== undefined ? `${name}, seed ${seed}` : name));
}

function ends(series: readonly LineSeries[], digits: number): string {
  return series
    .filter(({ points }) => points.length > 0)
    .map(
      ({ name, points }) =>
        `${name} from ${formatNumber(points[0]!.y, digits)} to ${formatNumber(points.at(-1)!.y, digits)}`,
    )
    .join('; ');
}
