import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CocoDetection, CocoGroundTruth } from './coco-format.js';
import { evaluateDetections } from './evaluate-detections.js';
import { formatSummary, summarize } from './summarize.js';
import { parseDetections, parseGroundTruth } from './validate-coco.js';

interface Golden {
  readonly groundTruth: CocoGroundTruth;
  readonly detections: CocoDetection[];
  readonly expected: { stats: number[]; apPerCategory: number[]; precisionAtIou50?: number[][] };
}

const folder = join(import.meta.dirname, 'fixtures');
const golden = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Golden;
const names = (part: string) => readdirSync(join(folder, part)).map((name) => `${part}/${name}`);

describe('equal to pycocotools in every digit', () => {
  test.each(names('boxes'))('%s', (name) => {
    const { groundTruth, detections, expected } = golden(name);
    const evaluation = evaluateDetections(parseGroundTruth(groundTruth), parseDetections(detections, groundTruth));
    const summary = summarize(evaluation);
    expect(summary.stats).toEqual(expected.stats);
    expect(summary.perCategory).toEqual(expected.apPerCategory);
    const atHalf = evaluation.curves.map((ranges) => Array.from(ranges[0]![2]!.precision.subarray(0, 101)));
    expect(atHalf).toEqual(expected.precisionAtIou50);
  });

  test.each(names('masks'))('%s', (name) => {
    const { groundTruth, detections, expected } = golden(name);
    const truth = parseGroundTruth(groundTruth, 'a.json', 'segm');
    const found = parseDetections(detections, truth, 'd.json', 'segm');
    const summary = summarize(evaluateDetections(truth, found, { iouType: 'segm' }));
    expect(summary.stats).toEqual(expected.stats);
    expect(summary.perCategory).toEqual(expected.apPerCategory);
  });
});

test('prints what pycocotools prints', () => {
  const { groundTruth, detections } = golden('boxes/perfect.json');
  const evaluation = evaluateDetections(groundTruth, detections);
  const lines = formatSummary(summarize(evaluation), evaluation).split('\n');
  expect(lines[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 1.000');
  expect(lines[4]).toMatch(/^ Average Precision {2}\(AP\) @\[ IoU=0\.50:0\.95 \| area=medium \| maxDets=100 ] = /);
  expect(lines[6]).toMatch(/^ Average Recall {5}\(AR\) @\[ IoU=0\.50:0\.95 \| area= {3}all \| maxDets= {2}1 ] = /);
  expect(lines).toHaveLength(12);
});

describe('perturbed perfect detections', () => {
  const { groundTruth, detections } = golden('boxes/perfect.json');
  const apOf = (changed: readonly CocoDetection[]) => summarize(evaluateDetections(groundTruth, changed)).named.AP;

  test('dropping detections never raises AP, and neither does adding false ones', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(detections.length - 1), { maxLength: 20 }), fc.nat(3), (dropped, added) => {
        const fewer = detections.filter((_, i) => !dropped.includes(i));
        const wrong = Array.from(
          { length: added },
          (_, i): CocoDetection => ({ ...detections[i]!, bbox: [0, 0, 1, 1], score: 1 }),
        );
        const ap = apOf(fewer);
        expect(ap).toBeLessThanOrEqual(1);
        expect(apOf([...fewer, ...wrong])).toBeLessThanOrEqual(ap);
      }),
      { numRuns: 20 },
    );
  });

  test('order does not matter where scores differ', () => {
    const { groundTruth: truth, detections: found } = golden('boxes/bccd-val.json');
    const unique = [...new Map(found.map((detection) => [detection.score, detection])).values()];
    const stats = summarize(evaluateDetections(truth, unique)).stats;
    expect(summarize(evaluateDetections(truth, unique.toReversed())).stats).toEqual(stats);
  });
});

describe('bad files', () => {
  const { groundTruth, detections } = golden('boxes/perfect.json');

  test.each(['images', 'annotations', 'categories'])('ground truth without %s', (field) => {
    expect(() => parseGroundTruth({ ...groundTruth, [field]: undefined }, 'a.json')).toThrow(
      new RegExp(`list.*a\\.json, ${field}`),
    );
  });

  test.each(['id', 'image_id', 'category_id', 'bbox', 'area'])('an annotation without %s', (field) => {
    const annotations = groundTruth.annotations.with(1, { ...groundTruth.annotations[1]!, [field]: undefined });
    expect(() => parseGroundTruth({ ...groundTruth, annotations }, 'a.json')).toThrow(`annotations[1].${field}`);
  });

  test.each([
    ['image_id', 999999],
    ['category_id', -3],
    ['score', Number.NaN],
    ['bbox', [1, 2, 3]],
  ])('a detection with a wrong %s', (field, value) => {
    const changed = detections.with(2, { ...detections[2]!, [field]: value } as CocoDetection);
    expect(() => parseDetections(changed, groundTruth, 'd.json')).toThrow(`d.json, [2].${field}`);
  });

  test('ids that stand twice', () => {
    const images = [...groundTruth.images, groundTruth.images[0]!];
    expect(() => parseGroundTruth({ ...groundTruth, images }, 'a.json')).toThrow(/ids are different from one another/);
  });
});
