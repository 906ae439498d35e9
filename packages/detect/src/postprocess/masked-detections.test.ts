import { tensorData } from '@nats/graph';
import { expect, test } from 'vitest';
import { letterbox } from '../data/placement.js';
import { maskArea, maskBox } from '../masks/rle-mask.js';
import { fixedDetections } from '../model-file/image-detector.js';
import { maskedDetectionsOf, unpastedDetectionsOf } from './masked-detections.js';
import { detectionsOnImage } from './on-image.js';

test('detections of a batch have their own masks', () => {
  const values = {
    boxes: tensorData('float32', [2, 2, 4], [0, 0, 9, 9, 20, 20, 29, 29, 1, 1, 8, 8, 0, 0, 0, 0]),
    scores: tensorData('float32', [2, 2], [0.9, 0.8, 0.7, 0]),
    labels: tensorData('int32', [2, 2], [0, 1, 1, 0]),
    masks: tensorData('float32', [2, 2, 1, 1], [1, 0, 1, 1]),
  };
  const [first, second] = maskedDetectionsOf(values, [32, 32]);
  expect(first!.masks.map(maskArea).map((area) => area > 0)).toEqual([true, false]);
  expect(second!.masks.length).toBe(1);
  expect(second!.boxes).toEqual([[1, 1, 8, 8]]);
});

test('masks follow their boxes through a stricter suppression', () => {
  const values = {
    boxes: tensorData('float32', [1, 3, 4], [0, 0, 9, 9, 1, 1, 10, 10, 20, 20, 29, 29]),
    scores: tensorData('float32', [1, 3], [0.9, 0.8, 0.7]),
    labels: tensorData('int32', [1, 3], [0, 0, 0]),
    masks: tensorData('float32', [1, 3, 1, 1], [0.25, 0.5, 0.75]),
  };
  const [found] = unpastedDetectionsOf(values, { iouThreshold: 0.4 });
  expect(found!.probabilities!.map((mask) => [...Array.from(mask)])).toEqual([[0.25], [0.75]]);
});

test('a box that is cut at the border of the image keeps its mask where it was', () => {
  // 40 x 20 on 20 x 20: half the size, padding from row 10 on. The box reaches into the padding; its mask is the upper half.
  const image = { width: 40, height: 20 };
  const found = {
    boxes: [[4, 2, 12, 18] as const],
    scores: [1],
    labels: [0],
    probabilities: [Float32Array.of(1, 1, 0, 0)],
  };
  const { boxes, masks } = detectionsOnImage(found, letterbox(image, [20, 20]), image);
  expect(boxes).toEqual([[8, 4, 24, 20]]);
  const [, top, , height] = maskBox(masks![0]!);
  expect(Math.abs(top - 4)).toBeLessThanOrEqual(3);
  expect(Math.abs(top + height - 20)).toBeLessThanOrEqual(3);
});

test('detections of fixed number come with masks of as many places', () => {
  const rows = tensorData('float32', [1, 2, 6], [0, 0, 4, 4, 0.9, 1, 0, 0, 0, 0, 0, -1]);
  const valid = tensorData('bool', [1, 2], [1, 0]);
  const [found] = fixedDetections(rows, valid, tensorData('float32', [1, 2, 1, 1], [0.5, 0]));
  expect(found!.probabilities!.map((mask) => Array.from(mask))).toEqual([[0.5]]);
  expect(() => fixedDetections(rows, valid, tensorData('float32', [1, 1, 1, 1], [1]))).toThrow(
    /received \[1, 2, 6\] and \[1, 2\] and \[1, 1, 1, 1\]/,
  );
});
