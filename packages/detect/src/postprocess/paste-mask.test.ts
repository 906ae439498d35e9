import { expect, test } from 'vitest';
import { decodeMask, maskArea, maskBox } from '../masks/rle-mask.js';
import { pasteMask } from './paste-mask.js';

const full = new Float32Array(16).fill(1);

test('a full mask fills its box, but for the pixel that its frame fades over', () => {
  const [x, y, width, height] = maskBox(pasteMask(full, [10, 20, 26, 44], 64, 48));
  expect(Math.abs(x - 10) + Math.abs(y - 20)).toBeLessThanOrEqual(2);
  expect(Math.abs(width - 16) + Math.abs(height - 24)).toBeLessThanOrEqual(4);
});

test('the halves of a mask stay on their sides', () => {
  const left = Float32Array.from({ length: 16 }, (_, i) => Number(i % 4 < 2));
  const pixels = decodeMask(pasteMask(left, [0, 0, 20, 20], 20, 20));
  expect([pixels[10 * 20 + 4], pixels[10 * 20 + 15]]).toEqual([1, 0]);
});

test('boxes over the border are cut, empty ones and masks below the threshold have no pixels', () => {
  expect(maskBox(pasteMask(full, [-20, -20, 200, 200], 30, 40))).toEqual([0, 0, 40, 30]);
  expect(maskArea(pasteMask(full, [300, 300, 310, 310], 30, 40))).toBe(0);
  expect(
    maskArea(
      pasteMask(
        full.map(() => 0.5),
        [2, 2, 20, 20],
        30,
        40,
      ),
    ),
  ).toBe(0);
  expect(
    maskArea(
      pasteMask(
        full.map(() => 0.4),
        [2, 2, 20, 20],
        30,
        40,
        0.3,
      ),
    ),
  ).toBeGreaterThan(0);
  expect(() => pasteMask([1, 2], [0, 0, 1, 1], 4, 4)).toThrow(/received 2 values.*is a square/);
});
