import { expect, test } from 'vitest';
import { matchBoxes } from './match-boxes.js';
import type { ReportBox } from './report-data.js';

const box = (x: number, label: string, score?: number): ReportBox => ({
  box: [x, 0, x + 10, 10],
  label,
  ...(score !== undefined && { score }),
});

test('the best score takes the object; a second box on it, another class and a far one are wrong', () => {
  const truth = [box(0, 'cat'), box(100, 'dog')];
  const [good, second, other, far] = [
    box(1, 'cat', 0.9),
    box(0, 'cat', 0.8),
    box(100, 'cat', 0.7),
    box(50, 'dog', 0.95),
  ];
  const found = matchBoxes([second!, good!, other!, far!], truth);
  expect(found.right).toEqual([good]);
  expect(found.wrong).toEqual([far, second, other]);
  expect(found.missed).toEqual([truth[1]]);
});

test('an overlap of exactly one half counts', () => {
  const half: ReportBox = { box: [0, 0, 10, 5], label: 'cat' };
  expect(matchBoxes([half], [box(0, 'cat')]).right).toEqual([half]);
  expect(matchBoxes([{ box: [0, 0, 10, 4.99], label: 'cat' }], [box(0, 'cat')]).right).toEqual([]);
});

test('nothing, and boxes without area', () => {
  expect(matchBoxes([], [])).toEqual({ right: [], wrong: [], missed: [] });
  const flat: ReportBox = { box: [5, 5, 5, 5], label: 'cat' };
  expect(matchBoxes([flat], [flat]).wrong).toEqual([flat]);
});
