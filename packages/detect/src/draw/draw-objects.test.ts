import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { boundsWhere, noiseImage } from '../../test/images.js';
import type { DecodedImage } from '../data/decoded-image.js';
import { boxMask } from '../masks/mask-polygon.js';
import { drawComparison, drawnRecord, drawObjects, drawPng } from './draw-objects.js';
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphOf, textWidth } from './font.js';

const gray: DecodedImage = { channels: 1, height: 60, width: 80, pixels: new Uint8Array(4800).fill(10) };
const small = { zoom: 1, textSize: 1, thickness: 1 };

/** Red, green, blue at a place. */
function at({ height, width, pixels }: DecodedImage, x: number, y: number): number[] {
  return [0, 1, 2].map((c) => pixels[(c * height + y) * width + x]!);
}

/** Where a picture has another color than the image. */
function changed(picture: DecodedImage): [number, number, number, number] | undefined {
  return boundsWhere(picture, (value) => value !== 10);
}

describe('drawn objects', () => {
  test('have translucent masks under their boxes', () => {
    const masks = [boxMask([22, 32, 10, 6], 60, 80)];
    const objects = { boxes: [[20, 30, 50, 45] as const], labels: [0], masks };
    const picture = drawObjects(gray, objects, small);
    const blended = [255, 92, 56].map((value) => Math.round(0.55 * 10 + 0.45 * value));
    expect(at(picture, 22, 32)).toEqual(blended);
    expect(at(picture, 31, 37)).toEqual(blended);
    expect(at(picture, 32, 37)).toEqual([10, 10, 10]);
    expect(at(picture, 20, 30)).toEqual([255, 92, 56]);
    const large = drawObjects(gray, objects, { ...small, zoom: 2 });
    expect([at(large, 44, 64), at(large, 63, 75), at(large, 64, 75)]).toEqual([blended, blended, [10, 10, 10]]);
    expect(() => drawObjects(gray, { ...objects, masks: [] }, small)).toThrow(/1 boxes, 1 labels, 0 masks/);
    expect(() => drawObjects(gray, { ...objects, masks: [boxMask([0, 0, 1, 1], 9, 9)] }, small)).toThrow(
      /received 9 x 9.*as large as the picture.*60 x 80/,
    );
  });

  test('have an outline where the box is, and a label above it', () => {
    const picture = drawObjects(gray, { boxes: [[20, 30, 50, 45]], labels: [0] }, small);
    expect([picture.channels, picture.height, picture.width]).toEqual([3, 60, 80]);
    const color = [255, 92, 56];
    for (const [x, y] of [
      [20, 30],
      [49, 30],
      [20, 44],
      [49, 44],
      [35, 44],
    ] as const)
      expect(at(picture, x, y)).toEqual(color);
    for (const [x, y] of [
      [19, 40],
      [50, 40],
      [21, 31],
      [48, 43],
      [35, 45],
    ] as const)
      expect(at(picture, x, y)).toEqual([10, 10, 10]);
    expect(changed(picture)).toEqual([20, 30 - GLYPH_HEIGHT - 2, 50, 45]);
    // The digit 0: a ring of black ink on the color.
    expect([at(picture, 22, 22), at(picture, 21, 22)]).toEqual([[0, 0, 0], color]);
  });

  test('keep their label in the picture', () => {
    for (const box of [
      [0, 0, 10, 20],
      [75, 2, 80, 9],
      [60, 55, 79, 60],
    ] as const) {
      const picture = drawObjects(gray, { boxes: [box], labels: [1] }, { ...small, classes: ['cat', 'dog'] });
      const [x1, y1, x2, y2] = changed(picture)!;
      expect(x2 - x1).toBeGreaterThanOrEqual(textWidth('dog') + 2);
      expect(y2 - y1).toBeGreaterThanOrEqual(GLYPH_HEIGHT + 2);
    }
  });

  test('of low score are not drawn, and better ones lie on top', () => {
    const objects = {
      boxes: [
        [10, 20, 40, 50],
        [10, 20, 40, 50],
      ] as const,
      labels: [0, 1],
      scores: [0.9, 0.3],
    };
    expect(at(drawObjects(gray, objects, small), 10, 40)).toEqual([255, 92, 56]);
    const [better, worse] = [
      drawObjects(gray, objects, { ...small, minScore: 0.5 }),
      drawObjects(gray, objects, small),
    ];
    expect(better).toEqual(drawObjects(gray, { boxes: [[10, 20, 40, 50]], labels: [0], scores: [0.9] }, small));
    // The better one hides the other, label and all.
    expect(worse).toEqual(better);
    expect(changed(drawObjects(gray, objects, { ...small, minScore: 0.95 }))).toBeUndefined();
  });

  test('look the same from rows and from flat numbers, and scale with the zoom', () => {
    const rows = drawObjects(gray, { boxes: [[20, 30, 50, 45]], labels: [0] }, { ...small, zoom: 3 });
    const flat = drawObjects(
      gray,
      { boxes: Float32Array.of(20, 30, 50, 45), labels: Int32Array.of(0) },
      { ...small, zoom: 3 },
    );
    expect(flat).toEqual(rows);
    expect([rows.width, rows.height]).toEqual([240, 180]);
    expect(changed(rows)!.slice(2)).toEqual([150, 135]);
    expect(drawObjects(gray, { boxes: [], labels: [] }).width).toBe(480);
  });

  test('leave color images as they are elsewhere, and the image itself everywhere', () => {
    const image = noiseImage(3, 20, 20);
    const before = image.pixels.slice();
    const picture = drawObjects(image, { boxes: [[2, 12, 9, 18]], labels: [12] }, small);
    expect(at(picture, 15, 3)).toEqual(at(image, 15, 3));
    expect(at(picture, 2, 15)).toEqual([72, 200, 88]);
    expect(image.pixels).toEqual(before);
  });

  test('need a label and a score for each box', () => {
    expect(() => drawObjects(gray, { boxes: [[0, 0, 1, 1]], labels: [] })).toThrow(/1 boxes, 0 labels/);
    expect(() => drawObjects(gray, { boxes: [[0, 0, 1, 1]], labels: [0], scores: [] })).toThrow(/0 scores/);
  });

  test('become PNG files', async () => {
    const record = { objects: [{ box: [20, 30, 50, 45], label: 0 }] as const };
    const png = await drawPng(gray, drawnRecord(record), small);
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([80, 60, 3]);
    expect([...data.subarray((30 * 80 + 20) * 3, (30 * 80 + 20) * 3 + 3)]).toEqual([255, 92, 56]);
  });
});

test('annotations and detections lie beside each other', () => {
  const truth = { boxes: [[20, 30, 50, 45]] as const, labels: [0] };
  const picture = drawComparison(gray, truth, { boxes: [], labels: [] }, small);
  expect([picture.width, picture.height]).toEqual([168, 60]);
  expect(at(picture, 20, 44)).toEqual([255, 92, 56]);
  expect(at(picture, 88 + 20, 44)).toEqual([10, 10, 10]);
  expect(at(picture, 84, 30)).toEqual([255, 255, 255]);
});

test('every letter has its own shape of 5 x 7, and unknown ones are question marks', () => {
  const characters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:-_+/%()'&#?"];
  const shapes = characters.map((character) => glyphOf(character));
  for (const ink of shapes) expect(ink.length).toBe(GLYPH_WIDTH * GLYPH_HEIGHT);
  expect(new Set(shapes.map(String)).size).toBe(characters.length);
  expect(glyphOf('q')).toEqual(glyphOf('Q'));
  expect(glyphOf('é')).toEqual(glyphOf('?'));
  expect([textWidth(''), textWidth('ab')]).toEqual([0, 11]);
});
