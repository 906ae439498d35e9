import { expect, test } from 'vitest';
import { contrast } from './fixtures/contrast.js';
import { alignDilations, DARK, dilationsOf, LIGHT, paletteCss } from './palette.js';

test('dilations of a whole report, by area, and values in their order', () => {
  const scheme = (genotypes: [number, number][]) => ({ genotypes, layers: [] });
  const all = dilationsOf({
    variants: [
      {
        name: 'a',
        scheme: scheme([
          [2, 2],
          [1, 1],
        ]),
      },
      {
        name: 'b',
        scheme: scheme([
          [1, 1],
          [1, 3],
        ]),
      },
    ],
  });
  expect(all).toEqual([
    [1, 1],
    [1, 3],
    [2, 2],
  ]);
  expect(
    alignDilations(
      [7, 8],
      [
        [2, 2],
        [1, 1],
      ],
      all,
    ),
  ).toEqual([8, 0, 7]);
});

test.each([
  ['light', LIGHT],
  ['dark', DARK],
])('%s: text has a contrast of 4.5 on what it stands on, marks of 3 to the card', (_, colors) => {
  const { page, card, note, ink, muted, link, good, bad, series, plain, ramp } = colors;
  for (const ground of [page, card]) {
    for (const text of [ink, muted, link, good, bad]) expect(contrast(text, ground)).toBeGreaterThanOrEqual(4.5);
  }
  expect(contrast(ink, note)).toBeGreaterThanOrEqual(4.5);
  for (const mark of [...series, ...ramp]) expect(contrast(mark, card)).toBeGreaterThanOrEqual(3);
  // The plain genotype is quiet, and is told by its place as well: bars begin with it.
  expect(contrast(plain, card)).toBeGreaterThanOrEqual(2.5);
});

test('each genotype has its own color', () => {
  const css = paletteCss(LIGHT, [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ]);
  const colors = [0, 1, 2, 3].map((g) => new RegExp(`--genotype-${g}:(#[0-9a-f]{6})`).exec(css)![1]);
  expect(new Set(colors).size).toBe(4);
  expect(colors[0]).toBe(LIGHT.plain);
});
