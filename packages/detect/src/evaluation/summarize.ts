import { check } from '@nats/graph';
import type { DetectionEvaluation } from './evaluate-detections.js';
import { mean } from './numpy.js';

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
export type StatName = (typeof STAT_NAMES)[number];

export interface DetectionSummary {
  /** The twelve numbers in pycocotools' order; -1 where there is no object to judge by. */
  readonly stats: readonly number[];
  readonly named: Readonly<Record<StatName, number>>;
  /** AP over all thresholds of each category, in the order of `DetectionEvaluation.categories`; -1 without objects. */
  readonly perCategory: readonly number[];
}

interface Selection {
  readonly kind: 'precision' | 'recall';
  /** One IoU threshold; default: all. */
  readonly iou?: number;
  /** Position of the area range; default 0, all sizes. */
  readonly area?: number;
  /** Position of the limit of detections; default: the last. */
  readonly limit?: number;
  /** Position of a category; default: all. */
  readonly category?: number;
}

const SELECTIONS: readonly Selection[] = [
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

/** COCO's twelve numbers (pycocotools, COCOeval.summarize). @throws NatsError `attribute` for other parameters than four ranges and three limits */
export function summarize(evaluation: DetectionEvaluation): DetectionSummary {
  const { areaRanges, maxDetections } = evaluation.parameters;
  check(areaRanges.length === 4 && maxDetections.length === 3, 'attribute', () => ({
    rule: 'the twelve numbers are of four ranges of areas and three limits of detections',
    received: `${areaRanges.length} ranges and ${maxDetections.length} limits`,
  }));
  const stats = SELECTIONS.map((selection) => averageOf(evaluation, selection));
  return {
    stats,
    named: Object.fromEntries(STAT_NAMES.map((name, i) => [name, stats[i]!])) as Record<StatName, number>,
    perCategory: evaluation.categories.map((_, category) => averageOf(evaluation, { kind: 'precision', category })),
  };
}

/** Mean of the selected values that are not -1, in NumPy's order of summation; -1 if there are none. */
function averageOf({ parameters, curves }: DetectionEvaluation, selection: Selection): number {
  const { kind, iou, area = 0, limit = parameters.maxDetections.length - 1, category } = selection;
  const chosen = curves.filter((_, k) => category === undefined || k === category).map((k) => k[area]![limit]!);
  const perThreshold = kind === 'precision' ? parameters.recallThresholds.length : 1;
  const values: number[] = [];
  // Thresholds outermost, then recalls, then categories: the order of pycocotools' arrays.
  for (const [t, threshold] of parameters.iouThresholds.entries()) {
    if (iou !== undefined && threshold !== iou) continue;
    for (let r = 0; r < perThreshold; r++) {
      for (const curve of chosen) {
        const value = curve[kind][t * perThreshold + r]!;
        if (value > -1) values.push(value);
      }
    }
  }
  return values.length === 0 ? -1 : mean(Float64Array.from(values));
}

/** The twelve lines that pycocotools prints. */
export function formatSummary({ stats }: DetectionSummary, evaluation: DetectionEvaluation): string {
  const { areaRanges, maxDetections, iouThresholds } = evaluation.parameters;
  const all = `${iouThresholds[0]!.toFixed(2)}:${iouThresholds.at(-1)!.toFixed(2)}`;
  return SELECTIONS.map(({ kind, iou, area = 0, limit = 2 }, i) => {
    const [title, short] = kind === 'precision' ? ['Average Precision', '(AP)'] : ['Average Recall', '(AR)'];
    const threshold = (iou === undefined ? all : iou.toFixed(2)).padEnd(9);
    const range = areaRanges[area]!.name.padStart(6);
    const most = String(maxDetections[limit]!).padStart(3);
    return ` ${title.padEnd(18)} ${short} @[ IoU=${threshold} | area=${range} | maxDets=${most} ] = ${stats[i]!.toFixed(3)}`;
  }).join('\n');
}
