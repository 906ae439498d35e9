import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noiseImage } from '../../test/images.js';
import { boxesInImage, boxesOnCanvas, drawImage, letterbox, placeImage } from './placement.js';

const side = fc.integer({ min: 1, max: 2000 });

test('a letterbox fits, touches, and keeps the shape to a pixel', () => {
  fc.assert(
    fc.property(side, side, side, side, (width, height, canvasWidth, canvasHeight) => {
      const placement = letterbox({ width, height }, [canvasHeight, canvasWidth]);
      expect(placement.width).toBeLessThanOrEqual(canvasWidth);
      expect(placement.height).toBeLessThanOrEqual(canvasHeight);
      expect(placement.width === canvasWidth || placement.height === canvasHeight).toBe(true);
      const scale = Math.min(canvasWidth / width, canvasHeight / height);
      expect(Math.abs(placement.width - width * scale)).toBeLessThanOrEqual(1);
      expect(Math.abs(placement.height - height * scale)).toBeLessThanOrEqual(1);
    }),
  );
});

test('boxes go to the canvas and back', () => {
  fc.assert(
    fc.property(side, side, side, side, (width, height, canvasWidth, canvasHeight) => {
      const placement = letterbox({ width, height }, [canvasHeight, canvasWidth]);
      const box = [0, 0, width, height, width / 3, height / 7, width / 2, height];
      const there = boxesOnCanvas(box, placement);
      expect(there[2]).toBe(placement.width);
      expect(there[3]).toBe(placement.height);
      for (const [i, value] of boxesInImage(there, placement).entries()) {
        expect(Math.abs(value - box[i]!)).toBeLessThan(1e-3);
      }
    }),
  );
});

test('an image lies at the top left, padding around it', () => {
  const image = noiseImage(2, 4, 6);
  const placement = letterbox(image, [8, 8], 1);
  expect(placement).toEqual({ x: 0, y: 0, width: 8, height: 5, scaleX: 8 / 6, scaleY: 5 / 4 });
  const same = placeImage(image, { ...placement, width: 6, height: 4 }, [5, 7], 9);
  expect([...same.pixels.subarray(0, 7)]).toEqual([...image.pixels.subarray(0, 6), 9]);
  expect([...same.pixels.subarray(28, 35)]).toEqual(new Array(7).fill(9));
  expect([...same.pixels.subarray(35, 41)]).toEqual([...image.pixels.subarray(24, 30)]);
});

test('what leaves the canvas or the rectangle is cut', () => {
  const image = noiseImage(1, 3, 3);
  const at = (x: number, y: number) => ({ x, y, width: 3, height: 3, scaleX: 1, scaleY: 1 });
  const p = image.pixels;
  expect([...placeImage(image, at(-1, 2), [3, 3], 0).pixels]).toEqual([0, 0, 0, 0, 0, 0, p[1], p[2], 0]);
  const canvas = placeImage(image, at(5, 0), [2, 2], 1);
  expect([...canvas.pixels]).toEqual([1, 1, 1, 1]);
  drawImage(canvas, image, at(0, 0), [1, 0, 2, 1]);
  expect([...canvas.pixels]).toEqual([1, p[1], 1, 1]);
  expect(() => placeImage(image, at(0, 0), [0, 4])).toThrow(/whole pixels/);
});
