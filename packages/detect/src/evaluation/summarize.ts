import type { DetectionEvaluation } from './evaluate-detections.js';
import { formatFixed, mean, type NumpySummation } from './numpy.js';

/** Names of COCO's twelve numbers, in pycocotools' order. */
export const STAT_NAMES = [
  'AP',
  'AP50',
  'AP75',
  'APsmall',
  'APmedium',
  'APlarge',
  'AR1',
  'AR10',
  'AR100',
  'ARsmall',
  'ARmedium',
  'ARlarge',
] as const;
/** COCO's twelve numbers, by pycocotools' order: `AP`, `AP50`, … */
export type StatName = (typeof STAT_NAMES)[number];

/** COCO's numbers of a detector on a split, 0 to 1. */
export interface DetectionSummary {
  /** The twelve numbers in pycocotools' order; -1 where there is no object to evaluate by, or no such parameter. */
  readonly stats: readonly number[];
  /** The same by COCO's names: with other ranges and limits, of the first, second, third of them (after all sizes). */
  readonly named: Readonly<Record<StatName, number>>;
  /** AP over all thresholds of each category, in the order of `DetectionEvaluation.categories`; -1 without objects. */
  readonly perCategory: readonly number[];
  /** AP over all categories at each IoU threshold. */
  readonly perIou: readonly number[];
}

/** Which values of an evaluation are averaged. */
interface Selection {
  /** One IoU threshold; default: all. */
  readonly iou?: number;
  /** Position of the area range; default 0, all sizes. */
  readonly area?: number;
  /** Position of the limit of detections; default: the last. */
  readonly limit?: number;
  /** Position of a category; default: all. */
  readonly category?: number;
}

interface Stat extends Selection {
  readonly kind: 'precision' | 'recall';
}

const STATS: readonly Stat[] = [
  { kind: 'precision' },
  { kind: 'precision', iou: 0.5 },
  { kind: 'precision', iou: 0.75 },
  { kind: 'precision', area: 1 },
  { kind: 'precision', area: 2 },
  { kind: 'precision', area: 3 },
  { kind: 'recall', limit: 0 },
  { kind: 'recall', limit: 1 },
  { kind: 'recall', limit: 2 },
  { kind: 'recall', area: 1 },
  { kind: 'recall', area: 2 },
  { kind: 'recall', area: 3 },
];

/**
 * COCO's twelve numbers (pycocotools, COCOeval.summarize), and AP by category and by IoU threshold.
 * @param options.summation whose last digits: `whole` (default), pycocotools on NumPy 2.3 and later, or `in parts`, on earlier
 * ones. They can differ from 9 categories on
 */
export function summarize(
  evaluation: DetectionEvaluation,
  options: { readonly summation?: NumpySummation } = {},
): DetectionSummary {
  const { iouThresholds } = evaluation.parameters;
  const stats = STATS.map((stat) => averageOf(evaluation, stat, options.summation));
  return {
    stats,
    named: Object.fromEntries(STAT_NAMES.map((name, i) => [name, stats[i]!])) as Record<StatName, number>,
    perCategory: evaluation.categories.map((_, category) =>
      averageOf(evaluation, { kind: 'precision', category }, options.summation),
    ),
    perIou: iouThresholds.map((iou) => averageOf(evaluation, { kind: 'precision', iou }, options.summation)),
  };
}

/** Mean of the selected values that are not -1, in NumPy's order of summation; -1 if there are none. */
function averageOf({ parameters, curves }: DetectionEvaluation, stat: Stat, summation?: NumpySummation): number {
  const { kind, iou, area = 0, limit = parameters.maxDetections.length - 1, category } = stat;
  const selected = category === undefined ? curves : [curves[category]!];
  // Curves without objects have no values; there may be thousands of such categories.
  const chosen = selected.flatMap((ranges) => ranges[area]?.[limit] ?? []).filter(({ recall }) => recall[0]! > -1);
  const perThreshold = kind === 'precision' ? parameters.recallThresholds.length : 1;
  const values = new Float64Array(parameters.iouThresholds.length * perThreshold * chosen.length);
  let count = 0;
  // Thresholds outermost, then recalls, then categories: the order of pycocotools' arrays.
  for (const [t, threshold] of parameters.iouThresholds.entries()) {
    if (iou !== undefined && threshold !== iou) continue;
    for (let r = 0; r < perThreshold; r++) {
      for (const curve of chosen) {
        const value = curve[kind][t * perThreshold + r]!;
        if (value > -1) values[count++] = value;
      }
    }
  }
  return count === 0 ? -1 : mean(values.subarray(0, count), summation);
}

/**
 * The lines that pycocotools prints, to the last digit: twelve for COCO's parameters; with others, those of the ranges,
 * limits and thresholds that there are.
 */
export function formatSummary({ stats }: DetectionSummary, evaluation: DetectionEvaluation): string {
  const { areaRanges, maxDetections, iouThresholds } = evaluation.parameters;
  const all = `${formatFixed(iouThresholds[0]!, 2)}:${formatFixed(iouThresholds.at(-1)!, 2)}`;
  return STATS.flatMap(({ kind, iou, area = 0, limit = maxDetections.length - 1 }, i) => {
    const range = areaRanges[area]?.name;
    const most = maxDetections[limit];
    if (range === undefined || most === undefined) return [];
    if (iou !== undefined && !iouThresholds.includes(iou)) return [];
    const [title, short] = kind === 'precision' ? ['Average Precision', '(AP)'] : ['Average Recall', '(AR)'];
    const threshold = (iou === undefined ? all : formatFixed(iou, 2)).padEnd(9);
    const where = `IoU=${threshold} | area=${range.padStart(6)} | maxDets=${String(most).padStart(3)}`;
    return ` ${title.padEnd(18)} ${short} @[ ${where} ] = ${formatFixed(stats[i]!, 3)}`;
  }).join('\n');
}
