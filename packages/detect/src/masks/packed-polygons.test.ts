import { hash32 } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import { packPolygons, plainSegmentation } from './packed-polygons.js';

describe('packed polygons', () => {
  test.each<[string, number[][]]>([
    ['whole numbers', [[0, 0, 10, 0, 10, 10]]],
    [
      'two decimals',
      [
        [510.66, 423.01, 511.72, 420.03, 510.45, 416],
        [0.01, 0.1, 0.29, 4.35, 1e-2, 8.29],
      ],
    ],
    ['far points', [[-3000, 5_000_000.25, 327.67, -327.67, 327.66, 655.34]]],
    ['no points', [[1, 2, 3, 4, 5, 6], []]],
    ['more points than 16 bits count', [Array.from({ length: 140_000 }, (_, i) => (i % 997) / 100)]],
  ])('are exactly those of the file: %s', (_, polygons) => {
    const packed = packPolygons(polygons)!;
    expect(typeof packed).toBe('string');
    expect(plainSegmentation(packed)).toEqual(polygons);
    // Threads get them as they are.
    expect(plainSegmentation(structuredClone(packed))).toEqual(polygons);
  });

  test('every hundredth of a pixel comes back as the same number', () => {
    const polygons = [Array.from({ length: 20_000 }, (_, k) => Number(`${hash32(1, k) % 4096}.${hash32(2, k) % 100}`))];
    expect(plainSegmentation(packPolygons(polygons)!)).toEqual(polygons);
  });

  test.each([
    ['more decimals', [[1.234, 2, 3, 4, 5, 6]]],
    ['minus zero', [[-0, 2, 3, 4, 5, 6]]],
    ['numbers that are too far', [[1e9, 2, 3, 4, 5, 6]]],
  ])('are refused for %s', (_, polygons) => {
    expect(packPolygons(polygons)).toBeUndefined();
  });

  test('what is not packed stays', () => {
    const runs = { size: [2, 2], counts: [4] } as const;
    expect(packPolygons(runs)).toBeUndefined();
    expect(plainSegmentation(runs)).toBe(runs);
  });
});
