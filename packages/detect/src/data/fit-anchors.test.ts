import { hashUniform } from '@nats/graph';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anchorFit, type BoxSize, fitAnchorLevels, fitAnchors } from './fit-anchors.js';

const around = ([width, height]: BoxSize, seed: number): BoxSize[] =>
  Array.from({ length: 50 }, (_, i) => [
    width * (0.95 + 0.1 * hashUniform(seed, 2 * i)),
    height * (0.95 + 0.1 * hashUniform(seed, 2 * i + 1)),
  ]);

const size = fc.double({ min: 1, max: 500, noNaN: true });
const boxes = fc.array(fc.tuple(size, size), { minLength: 1, maxLength: 40 });

describe('fitted anchors', () => {
  test('find groups of boxes', () => {
    const centers: BoxSize[] = [
      [10, 30],
      [40, 40],
      [200, 90],
    ];
    const { anchors, counts, meanIou } = fitAnchors(centers.flatMap(around), 3);
    expect(counts).toEqual([50, 50, 50]);
    for (const [k, [width, height]] of centers.entries()) {
      expect(Math.abs(anchors[k]![0] / width - 1)).toBeLessThan(0.02);
      expect(Math.abs(anchors[k]![1] / height - 1)).toBeLessThan(0.02);
    }
    expect(meanIou).toBeGreaterThan(0.93);
  });

  test('do not depend on the order of the boxes', () => {
    fc.assert(
      fc.property(boxes, fc.integer({ min: 1, max: 6 }), (list, count) => {
        expect(fitAnchors([...list].reverse(), count)).toEqual(fitAnchors(list, count));
      }),
    );
  });

  test('are perfect if there is one for each box, and never worse than one alone', () => {
    fc.assert(
      fc.property(boxes, (list) => {
        const { anchors, counts, meanIou } = fitAnchors(list, list.length);
        expect(anchors.length).toBe(list.length);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(list.length);
        expect(meanIou).toBeGreaterThan(1 - 1e-12);
        expect(fitAnchors(list, 3).meanIou).toBeGreaterThanOrEqual(fitAnchors(list, 1).meanIou - 0.05);
      }),
    );
  });

  test('of no boxes are none; a count of 0 is refused', () => {
    expect(fitAnchors([], 3)).toEqual({ anchors: [], counts: [], meanIou: 0 });
    expect(fitAnchorLevels([], { levels: 2 })).toEqual([]);
    expect(() => fitAnchors([[1, 1]], 0)).toThrow(/at least one anchor/);
  });
});

test('anchor levels go from small to large and fit better than shapes made for other boxes', () => {
  const list = [
    [12, 12],
    [25, 50],
    [60, 30],
    [120, 60],
  ].flatMap((center, i) => around(center as [number, number], i));
  const levels = fitAnchorLevels(list, { levels: 2, sizes: 2 });
  const sizes = levels.flatMap((level) => level.sizes);
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(levels.map((level) => [level.sizes.length, level.aspectRatios.length])).toEqual([
    [2, 3],
    [2, 3],
  ]);
  const ratios = levels[0]!.aspectRatios;
  for (const [i, ratio] of [0.5, 1, 2].entries()) expect(Math.abs(ratios[i]! / ratio - 1)).toBeLessThan(0.03);
  const { meanIou, recall } = anchorFit(list, levels);
  expect(recall).toBe(1);
  expect(meanIou).toBeGreaterThan(0.9);
  expect(anchorFit(list, [{ sizes: [300], aspectRatios: [1] }]).recall).toBe(0);
});
