import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CocoBox } from '../masks/coco-mask.js';
import type { CocoAnnotation, CocoDetection, CocoGroundTruth } from './coco-format.js';
import { evaluateDetections } from './evaluate-detections.js';
import { summarize } from './summarize.js';

const side = fc.integer({ min: 5, max: 120 });
const place = fc.integer({ min: 0, max: 200 });
const boxes = fc.tuple(place, place, side, side);

/** Objects of two categories in three images, and detections that are exactly these. */
const perfect = fc
  .array(fc.record({ image: fc.integer({ min: 1, max: 3 }), category: fc.integer({ min: 1, max: 2 }), box: boxes }), {
    minLength: 1,
    maxLength: 25,
  })
  .map((objects) => {
    const annotations = objects.map(({ image, category, box: [x, y, w, h] }, i): CocoAnnotation => {
      // Far apart, so that no detection fits two objects.
      const bbox: CocoBox = [x + 400 * i, y, w, h];
      return { id: i + 1, image_id: image, category_id: category, bbox, area: w * h };
    });
    const groundTruth: CocoGroundTruth = {
      images: [{ id: 1 }, { id: 2 }, { id: 3 }],
      categories: [{ id: 1 }, { id: 2 }],
      annotations,
    };
    const detections = annotations.map(
      ({ image_id, category_id, bbox }, i): CocoDetection => ({
        image_id,
        category_id,
        bbox,
        score: 1 / (i + 2),
      }),
    );
    return { groundTruth, detections };
  });

/** Those of the twelve numbers that have objects to evaluate by. */
function evaluated(groundTruth: CocoGroundTruth, detections: readonly CocoDetection[]): number[] {
  return summarize(evaluateDetections(groundTruth, detections)).stats.filter((value) => value > -1);
}

function expectNotHigher(values: number[], than: number[]): void {
  expect(values).toHaveLength(than.length);
  // Means of equal numbers may differ in the last digit.
  for (const [i, value] of values.entries()) expect(value).toBeLessThanOrEqual(than[i]! + 1e-12);
}

describe('perfect detections', () => {
  test('have AP 1, and recall 1 where all may be found', () => {
    fc.assert(
      fc.property(perfect, ({ groundTruth, detections }) => {
        const { named } = summarize(evaluateDetections(groundTruth, detections));
        expect(named.AP).toBeCloseTo(1, 12);
        expect(named.AR100).toBe(1);
        for (const value of [named.APsmall, named.APmedium, named.APlarge]) {
          if (value > -1) expect(value).toBeCloseTo(1, 12);
        }
      }),
    );
  });

  test('lose by dropping some', () => {
    fc.assert(
      fc.property(perfect, fc.infiniteStream(fc.boolean()), ({ groundTruth, detections }, coins) => {
        const dropped = detections.map(() => coins.next().value!);
        const first = detections.filter((_, i) => !dropped[i]);
        const fewer = first.slice(1);
        expectNotHigher(evaluated(groundTruth, first), evaluated(groundTruth, detections));
        expectNotHigher(evaluated(groundTruth, fewer), evaluated(groundTruth, first));
      }),
    );
  });

  test('lose AP, and no recall, by false ones above', () => {
    fc.assert(
      fc.property(perfect, fc.array(boxes, { minLength: 1, maxLength: 5 }), ({ groundTruth, detections }, wrong) => {
        const { image_id, category_id } = detections[0]!;
        const above = wrong.map(
          ([x, y, w, h], i): CocoDetection => ({ image_id, category_id, bbox: [x, y + 1000, w, h], score: 1 + i }),
        );
        const before = summarize(evaluateDetections(groundTruth, detections)).named;
        const after = summarize(evaluateDetections(groundTruth, [...detections, ...above])).named;
        expect(after.AP).toBeLessThan(before.AP);
        expect(after.AR100).toBe(before.AR100);
      }),
    );
  });

  test('lose nothing by false ones below', () => {
    fc.assert(
      fc.property(perfect, boxes, ({ groundTruth, detections }, [x, y, w, h]) => {
        const { image_id, category_id } = detections[0]!;
        const below: CocoDetection = { image_id, category_id, bbox: [x, y + 1000, w, h], score: 0 };
        const stats = summarize(evaluateDetections(groundTruth, [below, ...detections])).stats;
        expect(stats).toEqual(summarize(evaluateDetections(groundTruth, detections)).stats);
      }),
    );
  });
});

describe('order', () => {
  const path = join(import.meta.dirname, 'fixtures/boxes/bccd-val.json');
  const { groundTruth, detections } = JSON.parse(readFileSync(path, 'utf8')) as {
    groundTruth: CocoGroundTruth;
    detections: CocoDetection[];
  };

  test('of detections and images does not matter where scores differ', () => {
    const unique = [...new Map(detections.map((detection) => [detection.score, detection])).values()];
    const stats = summarize(evaluateDetections(groundTruth, unique)).stats;
    fc.assert(
      fc.property(fc.shuffledSubarray(unique, { minLength: unique.length }), (shuffled) => {
        const turned = { ...groundTruth, images: groundTruth.images.toReversed() };
        expect(summarize(evaluateDetections(turned, shuffled)).stats).toEqual(stats);
      }),
      { numRuns: 5 },
    );
  });
});
