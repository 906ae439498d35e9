import { expect, test } from 'vitest';
import { rows, valuesOf } from '../../test/values-of.js';
import { binaryCrossEntropy, focalLoss } from './focal-loss.js';

const LOGITS = [-30, -2, -0.1, 0, 0.7, 3, 200];

test('equals its formula for both targets', () => {
  for (const target of [0, 1]) {
    const targets = rows(LOGITS.map(() => target));
    const { loss } = valuesOf({ loss: focalLoss(rows(LOGITS), targets, { alpha: 0.3, gamma: 1.5 }) });
    for (const [i, logit] of LOGITS.entries()) {
      const x = Math.fround(logit);
      const p = 1 / (1 + Math.exp(-x));
      const pt = target ? p : 1 - p;
      const logPt = -Math.log1p(Math.exp(target ? -x : x));
      const expected = -(target ? 0.3 : 0.7) * (1 - pt) ** 1.5 * (Number.isFinite(logPt) ? logPt : -Math.abs(x));
      expect(loss.data[i]! - expected).toBeLessThan(1e-6 * Math.max(1, expected));
      expect(expected - loss.data[i]!).toBeLessThan(1e-6 * Math.max(1, expected));
    }
  }
});

test('cross-entropy is finite for logits of any size and takes soft targets', () => {
  const { loss } = valuesOf({ loss: binaryCrossEntropy(rows([1000, -1000, 0]), rows([0, 0, 0.25])) });
  expect([...loss.data]).toEqual([1000, 0, Math.log(2)]);
});
