import { expect, test } from 'vitest';
import { type Augmentation, horizontalFlip, padCrop } from './augmentation.js';
import { createNormalizer } from './normalize.js';

const size = { channels: 2, height: 2, width: 3 };
const image = Uint8Array.from([1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]);
const apply = (augmentation: Augmentation, ...numbers: number[]) => [...augmentation(image, size, (n) => numbers[n]!)];

test('a flip mirrors every row, half of the time', () => {
  expect(apply(horizontalFlip, 0.4)).toEqual([...image]);
  expect(apply(horizontalFlip, 0.5)).toEqual([3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14]);
});

test('a padded crop moves the image and leaves zeros', () => {
  // One of -1, 0, 1 for thirds of [0, 1): down, then right in the picture is where the crop lies.
  expect(apply(padCrop(1), 0.5, 0.5)).toEqual([...image]);
  expect(apply(padCrop(1), 0.9, 0.5)).toEqual([4, 5, 6, 0, 0, 0, 14, 15, 16, 0, 0, 0]);
  expect(apply(padCrop(1), 0.5, 0.1)).toEqual([0, 1, 2, 0, 4, 5, 0, 11, 12, 0, 14, 15]);
  expect(apply(padCrop(1), 0, 0.99)).toEqual([0, 0, 0, 2, 3, 0, 0, 0, 0, 12, 13, 0]);
});

test('an image may be moved out of sight', () => {
  expect(apply(padCrop(4), 0, 0.5)).toEqual(new Array(12).fill(0));
});

test('pixels become numbers with mean and deviation of their channel', () => {
  const normalize = createNormalizer(size, { mean: [0, 0.5], deviation: [1, 0.25] });
  const { shape, data } = normalize([image, image.map((pixel) => pixel * 10)]);
  expect(shape).toEqual([2, 2, 2, 3]);
  expect(data[1]).toBeCloseTo(2 / 255, 7);
  expect(data[7]).toBeCloseTo((12 / 255 - 0.5) / 0.25, 6);
  expect(data[12 + 8]).toBeCloseTo((130 / 255 - 0.5) / 0.25, 6);
  expect(() => createNormalizer(size, { mean: [0], deviation: [1] })).toThrow(/2 channels/);
  expect(() => createNormalizer(size, { mean: [0, 0], deviation: [1, 0] })).toThrow(/positive deviation/);
});
