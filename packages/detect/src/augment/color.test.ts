import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noiseImage } from '../../test/images.js';
import type { DetectionSample } from '../data/detection-sample.js';
import { adjustColors, jitterColors } from './color.js';

const sampleOf = (channels: number, ...pixels: number[]): DetectionSample => ({
  channels,
  height: 1,
  width: pixels.length / channels,
  pixels: Uint8Array.from(pixels),
  boxes: Float32Array.of(0, 0, 1, 1),
  labels: Int32Array.of(3),
});

const none = { brightness: 1, contrast: 1, saturation: 1 };

describe('colors', () => {
  test('stay without a change', () => {
    const sample = { ...sampleOf(3), ...noiseImage(3, 4, 5) };
    expect(adjustColors(sample, none)).toEqual(sample);
  });

  test('get brighter by a factor, up to white', () => {
    expect([...adjustColors(sampleOf(1, 0, 10, 200), { ...none, brightness: 1.5 }).pixels]).toEqual([0, 15, 255]);
    expect([...adjustColors(sampleOf(3, 9, 9, 9), { ...none, brightness: 0 }).pixels]).toEqual([0, 0, 0]);
  });

  test('move away from the mean gray, or to it', () => {
    const sample = sampleOf(1, 50, 100, 150);
    expect([...adjustColors(sample, { ...none, contrast: 2 }).pixels]).toEqual([0, 100, 200]);
    expect([...adjustColors(sample, { ...none, contrast: 0 }).pixels]).toEqual([100, 100, 100]);
    // Red 255 alone: gray 76.245 everywhere.
    expect([...adjustColors(sampleOf(3, 255, 0, 0), { ...none, contrast: 0 }).pixels]).toEqual([76, 76, 76]);
    // Brightness comes first: the mean is the brighter image's.
    expect([...adjustColors(sample, { ...none, brightness: 1.2, contrast: 0.5 }).pixels]).toEqual([90, 120, 150]);
  });

  test('lose or gain saturation', () => {
    const sample = sampleOf(3, 200, 100, 50);
    expect([...adjustColors(sample, { ...none, saturation: 0 }).pixels]).toEqual([124, 124, 124]);
    expect([...adjustColors(sample, { ...none, saturation: 1.5 }).pixels]).toEqual([238, 88, 13]);
    expect([...adjustColors(sampleOf(1, 7), { ...none, saturation: 0 }).pixels]).toEqual([7]);
  });

  test('jitter within the range, and leave boxes alone', () => {
    const numbers = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(numbers, (values) => {
        const sample = sampleOf(1, 100, 100);
        const { pixels, boxes, labels } = jitterColors(sample, (n) => values[n]!, { brightness: 0.2, contrast: 0.5 });
        expect(pixels[0]).toBe(Math.round(100 * (0.8 + 0.4 * values[0]!)));
        expect([boxes, labels]).toEqual([sample.boxes, sample.labels]);
        expect([...sample.pixels]).toEqual([100, 100]);
      }),
    );
  });
});
