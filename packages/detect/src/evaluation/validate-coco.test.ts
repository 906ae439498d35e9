import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NatsError } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import type { CocoDetection, CocoGroundTruth } from './coco-format.js';
import { evaluateDetections } from './evaluate-detections.js';
import { summarize } from './summarize.js';
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
      `a.json, ${field}: received nothing, but a list is expected here`,
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
    expect(() => parseGroundTruth(value, 'a.json')).toThrow(`a.json, ${list}[1].${field}: received nothing`);
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
    ['image_id', 999999, /received 999999.*an image id is one of the ground truth/],
    ['category_id', 'cat', /received "cat".*a finite number is expected here/],
    ['category_id', 999999, /received 999999.*a category id is one of the ground truth/],
    ['bbox', [1, 2, 3], /received \[1,2,3\].*a box is \[x, y, width, height\], four finite numbers/],
    ['bbox', [1, 2, 3, null], 'four finite numbers'],
    ['area', 'large', /received "large".*a finite number is expected here/],
    ['iscrowd', 2, /received 2.*a flag is 0 or 1/],
    ['difficult', 'yes', /received "yes".*a flag is 0 or 1/],
  ])('%s %j', (field, value, message) => {
    const annotations = changed(boxes.groundTruth.annotations, 3, { [field]: value });
    const parse = () => parseGroundTruth({ ...boxes.groundTruth, annotations }, 'a.json');
    expect(parse).toThrow(message);
    expect(parse).toThrow(`a.json, annotations[3].${field}: `);
    expect(parse).toThrow(NatsError);
  });

  test.each(['images', 'categories', 'annotations'] as const)('ids of %s that stand twice', (list) => {
    const items = boxes.groundTruth[list] as readonly { readonly id: number }[];
    expect(() => parseGroundTruth({ ...boxes.groundTruth, [list]: [...items, items[0]] }, 'a.json')).toThrow(
      `a.json, ${list}[${items.length}].id: received ${items[0]!.id}, but ids are different from one another`,
    );
  });

  test('a broken mask', () => {
    const annotations = changed(masks.groundTruth.annotations, 1, { segmentation: { size: [95, 145], counts: [5] } });
    expect(() => parseGroundTruth({ ...masks.groundTruth, annotations }, 'a.json', 'segm')).toThrow(
      /a\.json, annotations\[1\]\.segmentation\.counts.*5 pixels.*95 x 145 = 13775/,
    );
  });

  test.each([null, [], 'text', 3])('%j in place of a file', (value) => {
    expect(() => parseGroundTruth(value, 'a.json')).toThrow(/a\.json.*an object with fields is expected here/);
  });
});

describe('a missing or wrong field of a detection is named', () => {
  test.each([
    ['image_id', undefined, 'received nothing'],
    ['image_id', 999999, /received 999999.*an image id is one of the ground truth/],
    ['category_id', undefined, 'received nothing'],
    ['score', undefined, 'received nothing'],
    ['score', 'NaN', /received "NaN".*a finite number is expected here/],
    ['bbox', undefined, /received nothing.*a list is expected here/],
    ['bbox', [1, 2, 3], /received \[1,2,3\].*four finite numbers/],
  ])('%s %j', (field, value, message) => {
    const parse = () => parseDetections(changed(boxes.detections, 2, { [field]: value }), boxes.groundTruth, 'd.json');
    expect(parse).toThrow(message);
    expect(parse).toThrow(`d.json, [2].${field}: `);
  });

  test('categories that the ground truth lacks are taken, and compared with nothing, as in pycocotools', () => {
    const more = [...boxes.detections, { ...boxes.detections[0]!, category_id: -3 }];
    const parsed = parseDetections(more, boxes.groundTruth, 'd.json');
    const stats = (found: typeof parsed) => summarize(evaluateDetections(boxes.groundTruth, found)).stats;
    expect(stats(parsed)).toEqual(stats(boxes.detections));
  });

  test.each([5, 'x', [1, 2]])('a box %j beside a mask is refused', (bbox) => {
    const truth = { images: [{ id: 1, width: 30, height: 20 }], categories: [{ id: 1 }], annotations: [] };
    const mask = { image_id: 1, category_id: 1, score: 1, segmentation: [[1, 2, 11, 2, 11, 10]] };
    expect(() => parseDetections([{ ...mask, bbox }], truth, 'd.json', 'segm')).toThrow(/d\.json, \[0\]\.bbox/);
    expect(parseDetections([{ ...mask, bbox: null }], truth, 'd.json', 'segm')).toHaveLength(1);
  });

  test('NaN that did not come from a file', () => {
    const detections = boxes.detections.with(2, { ...boxes.detections[2]!, score: Number.NaN });
    expect(() => parseDetections(detections, boxes.groundTruth, 'd.json')).toThrow(
      /d\.json, \[2\]\.score.*received NaN/,
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
    expect(() => parseDetections(value, boxes.groundTruth, 'd.json')).toThrow(/d\.json.*a list is expected here/);
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
