import { expect, test } from 'vitest';
import { fieldCenter, fieldGrid, fieldPng, visiblePart } from './field-picture.js';
import type { ReportField } from './report-data.js';

function square(side: number, from: number, to: number): ReportField {
  const map = Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side), i % side];
    return y >= from && y < to && x >= from && x < to ? 1 : 0;
  });
  return { stage: 'c2', height: side, width: side, map };
}

test('what is shown holds the field of all variants, and little more', () => {
  const [small, large] = [square(128, 62, 67), square(128, 54, 75)];
  expect(visiblePart([small, large])).toEqual({ top: 51, left: 51, height: 27, width: 27 });
  expect(visiblePart([small]).width).toBeLessThan(visiblePart([large]).width);
});

test('whole images: fields that fill them, that are nothing, or that differ in size', () => {
  const whole = { top: 0, left: 0, height: 8, width: 8 };
  expect(visiblePart([square(8, 0, 8)])).toEqual(whole);
  expect(visiblePart([square(8, 0, 0)])).toEqual(whole);
  expect(visiblePart([square(8, 3, 4), square(9, 3, 4)])).toEqual(whole);
});

test('large maps are averaged to at most 112 on a side, the mean stays', () => {
  const grid = fieldGrid(square(224, 100, 124), { top: 0, left: 0, height: 224, width: 224 });
  expect([grid.height, grid.width]).toEqual([112, 112]);
  expect(grid.values.reduce((a, b) => a + b, 0) * 4).toBe(24 * 24);
  expect(fieldCenter(grid)).toEqual([0.5, 0.5]);
});

test('a PNG file', async () => {
  const bytes = await fieldPng({ height: 2, width: 3, values: Float64Array.of(0, 1, 2, -1, Number.NaN, 0.5) });
  expect([...bytes.subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
});

test('a map that is not of its size is an error that names the stage', () => {
  expect(() => visiblePart([{ stage: 'c9', height: 3, width: 3, map: [1] }])).toThrow(/c9: received 1 for 3 x 3/);
});
