import { expect, test } from 'vitest';
import { segmentationMask } from '../masks/segmentation.js';
import { maskFeeds } from './mask-feeds.js';

const size = { height: 6, width: 8 };
const square = segmentationMask([[1, 1, 5, 1, 5, 4, 1, 4]], size);
const runs = segmentationMask({ size: [6, 8], counts: [0, 6, 42] }, size);

test('polygons and runs become pixels, in the places of their objects', () => {
  const { masks } = maskFeeds([[square], [runs, square], []], 2, [6, 8]);
  expect(masks!.shape).toEqual([3, 2, 6, 8]);
  const ofPlace = (image: number, object: number) =>
    masks!.data.subarray((image * 2 + object) * 48, (image * 2 + object + 1) * 48);
  const rows = [0, 1, 2, 3, 4, 5].map((y) => [...ofPlace(0, 0).subarray(y * 8, y * 8 + 8)].join(''));
  expect(rows).toEqual(['00000000', '01111000', '01111000', '01111000', '00000000', '00000000']);
  expect([...ofPlace(1, 0).keys()].filter((i) => ofPlace(1, 0)[i])).toEqual([0, 8, 16, 24, 32, 40]);
  expect(ofPlace(1, 1)).toEqual(ofPlace(0, 0));
  expect([...ofPlace(0, 1), ...ofPlace(2, 0), ...ofPlace(2, 1)].every((pixel) => pixel === 0)).toBe(true);
});

test('too many masks, and masks of another size, name the image and the limit', () => {
  expect(() => maskFeeds([[square, square]], 1, [6, 8])).toThrow(/image 0: received 2, .*; 1: raise maxObjects/);
  expect(() => maskFeeds([[square]], 1, [8, 8])).toThrow(
    /image 0, object 0: received 6 x 8, .*8 x 8 \(height x width\)/,
  );
});
