import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NatsError } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import type { CocoDetection, CocoGroundTruth } from './coco-format.js';
import { parseDetections, parseGroundTruth } from './validate-coco.js';

interface Case {
  readonly groundTruth: CocoGroundTruth;
  readonly detections: CocoDetection[];
}

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')) as Case;
const boxes = read('boxes/perfect.json');
const masks = read('masks/crowd.json');

/** The list with changed fields of one item; undefined stands for a missing field, as JSON has it. */
function changed<T extends object>(items: readonly T[], i: number, fields: object): T[] {
  return JSON.parse(JSON.stringify(items.with(i, { ...items[i]!, ...fields })));
}

describe('a missing field of the ground truth is named', () => {
  test.each(['images', 'annotations', 'categories'])('%s', (field) => {
    expect(() => parseGroundTruth({ ...boxes.groundTruth, [field]: undefined }, 'a.json')).toThrow(
      `a list is expected here; received nothing (at a.json, ${field})`,
    );
  });

  test.each([
    ['images', 'id'],
    ['categories', 'id'],
    ['annotations', 'id'],
    ['annotations', 'image_id'],
    ['annotations', 'category_id'],
    ['annotations', 'bbox'],
    ['annotations', 'area'],
  ] as const)('%s: %s', (list, field) => {
    const value = {
      ...boxes.groundTruth,
      [list]: changed<object>(boxes.groundTruth[list], 1, { [field]: undefined }),
    };
    expect(() => parseGroundTruth(value, 'a.json')).toThrow(`received nothing (at a.json, ${list}[1].${field})`);
  });

  test.each([
    ['annotations', 'segmentation', 'annotations[1].segmentation'],
    ['images', 'width', 'images[1]'],
    ['images', 'height', 'images[1]'],
  ] as const)('for masks, %s: %s', (list, field, where) => {
    const value = {
      ...masks.groundTruth,
      [list]: changed<object>(masks.groundTruth[list], 1, { [field]: undefined }),
    };
    expect(() => parseGroundTruth(value, 'a.json', 'segm')).toThrow(`a.json, ${where}`);
    expect(parseGroundTruth(value, 'a.json')).toBe(value);
  });
});

describe('a wrong field of the ground truth is named', () => {
  test.each([
    ['image_id', 999999, 'an image id is one of the ground truth; received 999999'],
    ['category_id', 'cat', 'a finite number is expected here; received "cat"'],
    ['category_id', 999999, 'a category id is one of the ground truth; received 999999'],
    ['bbox', [1, 2, 3], 'a box is [x, y, width, height], four finite numbers; received [1,2,3]'],
    ['bbox', [1, 2, 3, null], 'four finite numbers'],
    ['area', 'large', 'a finite number is expected here; received "large"'],
    ['iscrowd', 2, 'a flag is 0 or 1; received 2'],
    ['difficult', 'yes', 'a flag is 0 or 1; received "yes"'],
  ])('%s %j', (field, value, message) => {
    const annotations = changed(boxes.groundTruth.annotations, 3, { [field]: value });
    const parse = () => parseGroundTruth({ ...boxes.groundTruth, annotations }, 'a.json');
    expect(parse).toThrow(message);
    expect(parse).toThrow(`(at a.json, annotations[3].${field})`);
    expect(parse).toThrow(NatsError);
  });

  test.each(['images', 'categories', 'annotations'] as const)('ids of %s that stand twice', (list) => {
    const items = boxes.groundTruth[list] as readonly { readonly id: number }[];
    expect(() => parseGroundTruth({ ...boxes.groundTruth, [list]: [...items, items[0]] }, 'a.json')).toThrow(
      `ids are different from one another; received ${items[0]!.id} (at a.json, ${list}[${items.length}].id)`,
    );
  });

  test('a broken mask', () => {
    const annotations = changed(masks.groundTruth.annotations, 1, { segmentation: { size: [95, 145], counts: [5] } });
    expect(() => parseGroundTruth({ ...masks.groundTruth, annotations }, 'a.json', 'segm')).toThrow(
      /5 pixels; 95 x 145 = 13775 \(at a\.json, annotations\[1\]\.segmentation\.counts\)/,
    );
  });

  test.each([null, [], 'text', 3])('%j in place of a file', (value) => {
    expect(() => parseGroundTruth(value, 'a.json')).toThrow(/an object with fields is expected here.*\(at a\.json\)/);
  });
});

describe('a missing or wrong field of a detection is named', () => {
  test.each([
    ['image_id', undefined, 'received nothing'],
    ['image_id', 999999, 'an image id is one of the ground truth; received 999999'],
    ['category_id', undefined, 'received nothing'],
    ['category_id', -3, 'a category id is one of the ground truth; received -3'],
    ['score', undefined, 'received nothing'],
    ['score', 'NaN', 'a finite number is expected here; received "NaN"'],
    ['bbox', undefined, 'a list is expected here; received nothing'],
    ['bbox', [1, 2, 3], 'four finite numbers; received [1,2,3]'],
  ])('%s %j', (field, value, message) => {
    const parse = () => parseDetections(changed(boxes.detections, 2, { [field]: value }), boxes.groundTruth, 'd.json');
    expect(parse).toThrow(message);
    expect(parse).toThrow(`(at d.json, [2].${field})`);
  });

  test('NaN that did not come from a file', () => {
    const detections = boxes.detections.with(2, { ...boxes.detections[2]!, score: Number.NaN });
    expect(() => parseDetections(detections, boxes.groundTruth, 'd.json')).toThrow(
      'received NaN (at d.json, [2].score)',
    );
  });

  test.each([undefined, { size: [1, 2], counts: '0' }, [[1, 2]]])('segmentation %j', (segmentation) => {
    const detections = changed(masks.detections, 2, { segmentation });
    for (const iouType of ['segm', 'bbox'] as const) {
      expect(() => parseDetections(detections, masks.groundTruth, 'd.json', iouType)).toThrow(
        'd.json, [2].segmentation',
      );
    }
  });

  test('neither a box nor a mask', () => {
    const { image_id, category_id } = masks.detections[0]!;
    const bare = [{ image_id, category_id, score: 1 }];
    expect(() => parseDetections(bare, masks.groundTruth, 'd.json')).toThrow('d.json, [0].bbox');
    expect(() => parseDetections(bare, masks.groundTruth, 'd.json', 'segm')).toThrow('d.json, [0].segmentation');
  });

  test.each([null, {}, 'text'])('%j in place of a list', (value) => {
    expect(() => parseDetections(value, boxes.groundTruth, 'd.json')).toThrow(
      /a list is expected here.*\(at d\.json\)/,
    );
  });
});

test('empty detections, empty ground truth and boxes in place of masks are fine', () => {
  expect(parseDetections([], boxes.groundTruth)).toEqual([]);
  const nothing = { images: [], annotations: [], categories: [] };
  expect(parseGroundTruth(nothing)).toBe(nothing);
  const { image_id, category_id } = masks.detections[0]!;
  const boxed = [{ image_id, category_id, score: 1, bbox: [1, 1, 5, 5] }];
  expect(parseDetections(boxed, masks.groundTruth, 'd.json', 'segm')).toBe(boxed);
});
