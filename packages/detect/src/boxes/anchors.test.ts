import { expect, test } from 'vitest';
import { generateAnchors, generatePoints, retinanetAnchorLevels } from './anchors.js';

test('nine anchors a location, rows first, sizes innermost, rounded as torchvision', () => {
  const levels = retinanetAnchorLevels();
  const { boxes, counts } = generateAnchors(
    [64, 64],
    [
      [8, 8],
      [4, 4],
    ],
    levels.slice(0, 2),
  );
  expect(counts).toEqual([8 * 8 * 9, 4 * 4 * 9]);
  // torchvision 0.14: AnchorGenerator().generate_anchors((32, 40, 50), (0.5, 1.0, 2.0)).round()
  expect(Array.from(boxes.data.subarray(0, 36))).toEqual([
    -23, -11, 23, 11, -28, -14, 28, 14, -35, -18, 35, 18, -16, -16, 16, 16, -20, -20, 20, 20, -25, -25, 25, 25, -11,
    -23, 11, 23, -14, -28, 14, 28, -18, -35, 18, 35,
  ]);
  expect(Array.from(boxes.data.subarray(36, 40))).toEqual([-23 + 8, -11, 23 + 8, 11]);
});

test('points are squares of their stride, on corners or in the middle of cells', () => {
  const corner = generatePoints([16, 16], [[2, 2]], [8]);
  expect(Array.from(corner.boxes.data.subarray(0, 8))).toEqual([-4, -4, 4, 4, 4, -4, 12, 4]);
  const middle = generatePoints([16, 16], [[2, 2]], [8], 'center');
  expect(Array.from(middle.boxes.data.subarray(0, 4))).toEqual([0, 0, 8, 8]);
});

test('points of a stride that does not divide the input stand closer than it, as in torchvision', () => {
  // 40 pixels at stride 16: three cells, 13 pixels apart.
  const { boxes } = generatePoints([40, 40], [[3, 3]], [16]);
  expect(Array.from(boxes.data.subarray(0, 8))).toEqual([-8, -8, 8, 8, 5, -8, 21, 8]);
});

test('feature maps without an anchor level are refused', () => {
  expect(() => generateAnchors([64, 64], [[8, 8]], [])).toThrow(
    /received 1 feature maps and 0.*every feature map has an anchor level/,
  );
});
