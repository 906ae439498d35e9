import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CocoDetection, CocoGroundTruth, IouType } from './coco-format.js';
import { evaluateDetections } from './evaluate-detections.js';
import { formatSummary, summarize } from './summarize.js';
import { parseDetections, parseGroundTruth } from './validate-coco.js';

interface Case {
  readonly groundTruth: CocoGroundTruth;
  readonly detections: CocoDetection[];
}

interface Golden extends Case {
  readonly expected: { stats: number[]; apPerCategory: number[]; precisionAtIou50?: number[][] };
}

interface ParametersCase extends Case {
  readonly iouType: IouType;
  readonly parameters: { iouThrs: number[]; recThrs: number[]; maxDets: number[]; areaRng: [number, number][] };
  readonly precision: number[];
  readonly recall: number[];
}

const folder = join(import.meta.dirname, 'fixtures');
const read = <T>(name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
const names = (part: string) => readdirSync(join(folder, part)).map((name) => `${part}/${name}`);

describe('equal to pycocotools in every digit', () => {
  test.each(names('boxes'))('%s', (name) => {
    const { groundTruth, detections, expected } = read<Golden>(name);
    const evaluation = evaluateDetections(parseGroundTruth(groundTruth), parseDetections(detections, groundTruth));
    const summary = summarize(evaluation);
    expect(summary.stats).toEqual(expected.stats);
    expect(summary.perCategory).toEqual(expected.apPerCategory);
    const atHalf = evaluation.curves.map((ranges) => Array.from(ranges[0]![2]!.precision.subarray(0, 101)));
    expect(atHalf).toEqual(expected.precisionAtIou50);
  });

  test.each(names('masks'))('%s', (name) => {
    const { groundTruth, detections, expected } = read<Golden>(name);
    const truth = parseGroundTruth(groundTruth, 'a.json', 'segm');
    const found = parseDetections(detections, truth, 'd.json', 'segm');
    const summary = summarize(evaluateDetections(truth, found, { iouType: 'segm' }));
    expect(summary.stats).toEqual(expected.stats);
    expect(summary.perCategory).toEqual(expected.apPerCategory);
  });

  test.each(read<ParametersCase[]>('parameters.json').map((item, i) => [i, item.iouType, item] as const))(
    'other parameters, case %i (%s)',
    (_, iouType, { groundTruth, detections, parameters, precision, recall }) => {
      const truth = parseGroundTruth(groundTruth, 'a.json', iouType);
      const evaluation = evaluateDetections(truth, parseDetections(detections, truth, 'd.json', iouType), {
        iouType,
        iouThresholds: parameters.iouThrs,
        recallThresholds: parameters.recThrs,
        maxDetections: parameters.maxDets,
        areaRanges: parameters.areaRng.map(([from, to], i) => ({ name: ['all', 'small', 'large'][i]!, from, to })),
      });
      expect(valuesOf(evaluation.curves, 'precision', parameters.recThrs.length)).toEqual(precision);
      expect(valuesOf(evaluation.curves, 'recall', 1)).toEqual(recall);
    },
  );

  test.each(['whole', 'in parts'] as const)('many categories, with NumPy that adds %s', (summation) => {
    const { groundTruth, detections, stats } = read<Case & { stats: Record<string, number[]> }>('many-categories.json');
    expect(stats.whole).not.toEqual(stats['in parts']);
    expect(summarize(evaluateDetections(groundTruth, detections), { summation }).stats).toEqual(stats[summation]);
  });

  test('printed text, where a number is exactly between two texts', () => {
    const { groundTruth, detections, lines } = read<Case & { lines: string[] }>('printed.json');
    const evaluation = evaluateDetections(groundTruth, detections);
    expect(formatSummary(summarize(evaluation), evaluation).split('\n')).toEqual(lines);
  });
});

/** pycocotools' order: thresholds, recall thresholds, categories, ranges, limits. */
function valuesOf(
  curves: ReturnType<typeof evaluateDetections>['curves'],
  kind: 'precision' | 'recall',
  perThreshold: number,
): number[] {
  const inside = curves[0]![0]![0]![kind].length;
  expect(inside % perThreshold).toBe(0);
  return Array.from({ length: inside }, (_, i) =>
    curves.flatMap((ranges) => ranges.flatMap((limits) => limits.map((curve) => curve[kind][i]!))),
  ).flat();
}

describe('summary', () => {
  const { groundTruth, detections } = read<Golden>('boxes/jitter.json');

  test('by IoU threshold and by name', () => {
    const { named, perIou, stats } = summarize(evaluateDetections(groundTruth, detections));
    expect(perIou).toHaveLength(10);
    expect(perIou[0]).toBe(stats[1]);
    expect(perIou[5]).toBe(stats[2]);
    expect(perIou.every((value, i) => i === 0 || value <= perIou[i - 1]!)).toBe(true);
    expect(named.ARlarge).toBe(stats[11]);
  });

  test('has and prints what other parameters allow', () => {
    const evaluation = evaluateDetections(groundTruth, detections, {
      iouThresholds: [0.5],
      maxDetections: [7],
      areaRanges: [{ name: 'all', from: 0, to: 1e10 }],
    });
    const summary = summarize(evaluation);
    expect(summary.named.AP75).toBe(-1);
    expect(summary.named.APlarge).toBe(-1);
    expect(summary.named.AP).toBe(summary.named.AP50);
    const lines = formatSummary(summary, evaluation).split('\n');
    expect(lines.map((line) => line.slice(1, 6))).toEqual(['Avera', 'Avera', 'Avera']);
    expect(lines.every((line) => line.includes('maxDets=  7'))).toBe(true);
  });

  test('names categories, or gives their ids', () => {
    const categories = groundTruth.categories.map(({ id }, i) => (i === 0 ? { id } : { id, name: `n${id}` }));
    const { categoryNames } = evaluateDetections({ ...groundTruth, categories }, detections);
    expect(categoryNames).toEqual(categories.toSorted((a, b) => a.id - b.id).map(({ id, name }) => name ?? String(id)));
  });
});

describe('what is given directly', () => {
  const { groundTruth, detections } = read<Golden>('boxes/jitter.json');

  test('a score that is no number is refused by its place', () => {
    const bad = detections.with(4, { ...detections[4]!, score: Number.NaN });
    expect(() => evaluateDetections(groundTruth, bad)).toThrow(/detections\[4\]\.score.*NaN/);
  });

  test('boxes and masks that are missing are refused by their place', () => {
    const [{ image_id, category_id, score }] = detections as [CocoDetection];
    const bare = { image_id, category_id, score };
    expect(() => evaluateDetections(groundTruth, [detections[0]!, bare])).toThrow(/detections\[1\]\.bbox/);
    expect(() => evaluateDetections(groundTruth, [bare])).toThrow(/detections\[0\]\.segmentation/);
    expect(() => evaluateDetections(groundTruth, detections, { iouType: 'segm' })).toThrow(
      /annotations\[\d+\]\.segmentation/,
    );
  });

  test('detections of unknown images and categories are left out, as pycocotools does with categories', () => {
    const other = detections.slice(0, 9).flatMap((item) => [
      { ...item, image_id: 123456, score: 1 },
      { ...item, category_id: 123456, score: 1 },
    ]);
    // Nothing is asked of them: not even a box.
    const { bbox: _, ...bare } = other[1]!;
    expect(summarize(evaluateDetections(groundTruth, [...other, bare, ...detections]))).toEqual(
      summarize(evaluateDetections(groundTruth, detections)),
    );
  });

  test.each([
    [{ iouThresholds: [] }, /iouThresholds rise/],
    [{ iouThresholds: [0.5, 0.5] }, /iouThresholds rise/],
    [{ iouThresholds: [0, 0.5] }, /from over 0 to 1/],
    [{ recallThresholds: [0, Number.NaN] }, /recallThresholds/],
    [{ maxDetections: [10, 1] }, /maxDetections/],
    [{ maxDetections: [1.5] }, /whole numbers/],
    [{ areaRanges: [{ name: 'none', from: 2, to: 1 }] }, /areaRanges/],
    [{ iouType: 'keypoints' as IouType }, /received "keypoints".*'bbox' or 'segm'/],
  ])('parameters %o are refused', (parameters, message) => {
    expect(() => evaluateDetections(groundTruth, detections, parameters)).toThrow(message);
  });
});

test('tens of thousands of categories, of which few have objects, cost nothing and change nothing', () => {
  const box = [0, 0, 10, 10] as const;
  const truth = (count: number) => ({
    images: [{ id: 1 }],
    categories: Array.from({ length: count }, (_, i) => ({ id: i + 1 })),
    annotations: [{ id: 1, image_id: 1, category_id: 2, bbox: box, area: 100 }],
  });
  const found = [
    { image_id: 1, category_id: 2, score: 0.9, bbox: box },
    { image_id: 1, category_id: 3, score: 0.8, bbox: box },
  ];
  const many = evaluateDetections(truth(60_000), found);
  expect(summarize(many).stats).toEqual(summarize(evaluateDetections(truth(3), found)).stats);
  expect(new Set(many.curves).size).toBe(2);
});
