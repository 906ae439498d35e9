import { expect, test } from 'vitest';
import { letterbox } from '../data/placement.js';
import { detectionsOnImage } from './on-image.js';

test('boxes come back in pixels of the image and end at its border; none is dropped', () => {
  // 200 x 100 on 50 x 50: a quarter of the size, the lower half is padding.
  const image = { width: 200, height: 100 };
  const found = {
    boxes: [
      [5, 5, 10, 20],
      [-4, -4, 60, 30],
      [10, 30, 20, 40],
    ] as [number, number, number, number][],
    scores: [0.9, 0.8, 0.7],
    labels: [0, 1, 2],
  };
  expect(detectionsOnImage(found, letterbox(image, [50, 50]), image)).toEqual({
    ...found,
    boxes: [
      [20, 20, 40, 80],
      [0, 0, 200, 100],
      [40, 100, 80, 100],
    ],
  });
});
