import { expect, test } from 'vitest';
import { rows, valuesOf } from '../../test/values-of.js';
import { binaryCrossEntropy, focalLoss } from './focal-loss.js';

const LOGITS = [-30, -2, -0.1, 0, 0.7, 3, 30];

/** torchvision.ops.sigmoid_focal_loss(logits, targets, alpha=0.3, gamma=1.5) in float64, torchvision 0.14. */
const TORCHVISION = [
  [0, [1.873600821e-33, 0.003656670826, 0.147679522, 0.1715451751, 0.4217883564, 1.984014562, 21]],
  [1, [9, 0.527457951, 0.08494519158, 0.07351936076, 0.02311880227, 0.0001505453983, 8.015434287e-34]],
] as const;

test.each(TORCHVISION)("equals torchvision's for targets of %i", (target, expected) => {
  const targets = rows(LOGITS.map(() => target));
  const { loss } = valuesOf({ loss: focalLoss(rows(LOGITS), targets, { alpha: 0.3, gamma: 1.5 }) });
  for (const [i, value] of expected.entries()) {
    // Logits and alpha are rounded to float32 here.
    expect(Math.abs(loss.data[i]! - value), `logit ${LOGITS[i]}`).toBeLessThan(1e-6 * Math.max(value, 1e-3));
  }
});

test('cross-entropy is finite for logits of any size and takes soft targets', () => {
  const { loss } = valuesOf({ loss: binaryCrossEntropy(rows([1000, -1000, 0]), rows([0, 0, 0.25])) });
  expect([...loss.data]).toEqual([1000, 0, Math.log(2)]);
});
