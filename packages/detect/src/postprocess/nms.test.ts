import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classwiseNms } from './nms.js';

test('of overlapping boxes of a class the best stays; other classes do not matter', () => {
  const boxes = [0, 0, 10, 10, 1, 1, 11, 11, 0, 0, 10, 10, 50, 50, 60, 60];
  const labels = [0, 0, 1, 0];
  expect(classwiseNms({ boxes, scores: [0.5, 0.9, 0.1, 0.2], labels }, 0.5)).toEqual([1, 3, 2]);
  expect(classwiseNms({ boxes, scores: [0.5, 0.9, 0.1, 0.2], labels }, 0.9)).toEqual([1, 0, 3, 2]);
  expect(classwiseNms({ boxes, scores: [0.5, 0.9, 0.1, 0.2], labels }, 0.5, 2)).toEqual([1, 3]);
});

test('no boxes give none; equal scores keep their order; an overlap of exactly the threshold stays', () => {
  expect(classwiseNms({ boxes: [], scores: [], labels: [] }, 0.5)).toEqual([]);
  const same = { boxes: [0, 0, 2, 1, 1, 0, 3, 1], scores: [0.5, 0.5], labels: [0, 0] };
  expect(classwiseNms(same, 1 / 3)).toEqual([0, 1]);
  expect(classwiseNms(same, 0.33)).toEqual([0]);
});

test('kept boxes of a class never overlap by more than the threshold, and every dropped box has a better rival', () => {
  const box = fc.tuple(
    fc.nat(20),
    fc.nat(20),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 12 }),
    fc.nat(10),
    fc.nat(1),
  );
  fc.assert(
    fc.property(fc.array(box, { maxLength: 20 }), (all) => {
      const boxes = all.flatMap(([x, y, w, h]) => [x, y, x + w, y + h]);
      const scores = all.map(([, , , , score]) => score / 10);
      const labels = all.map(([, , , , , label]) => label);
      const kept = classwiseNms({ boxes, scores, labels }, 0.4);
      const iou = (i: number, j: number) => {
        const [a, b] = [boxes.slice(i * 4, i * 4 + 4), boxes.slice(j * 4, j * 4 + 4)] as [number[], number[]];
        const w = Math.max(0, Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!));
        const h = Math.max(0, Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!));
        const size = (c: number[]) => (c[2]! - c[0]!) * (c[3]! - c[1]!);
        return (w * h) / (size(a) + size(b) - w * h);
      };
      const rivals = (i: number) => kept.filter((j) => j !== i && labels[j] === labels[i] && iou(i, j) > 0.4);
      for (const i of all.keys()) {
        if (kept.includes(i)) expect(rivals(i)).toEqual([]);
        else expect(rivals(i).some((j) => scores[j]! >= scores[i]!)).toBe(true);
      }
    }),
  );
});
