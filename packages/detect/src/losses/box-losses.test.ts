import { constant, createProgram, evaluate, gradients, input, reduceSum, type Tensor, tensorData } from '@nats/graph';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rows, valuesOf } from '../../test/values-of.js';
import { ciouLoss, giouLoss, l1Loss, pairedBoxIou, smoothL1Loss } from './box-losses.js';

const value = (loss: Tensor) => valuesOf({ loss }).loss.data[0]!;

test('GIoU: 0 for the same box, over 1 and growing for boxes apart', () => {
  expect(value(giouLoss(rows([0, 0, 4, 4]), rows([0, 0, 4, 4])))).toBeCloseTo(0, 6);
  // Hull 12 x 4, union 32: 1 - (0 - (48 - 32) / 48)
  expect(value(giouLoss(rows([0, 0, 4, 4]), rows([8, 0, 12, 4])))).toBeCloseTo(1 + 16 / 48, 6);
});

test('CIoU adds distance and shape', () => {
  const same = value(ciouLoss(rows([0, 0, 4, 4]), rows([0, 0, 4, 4])));
  const moved = value(ciouLoss(rows([1, 0, 5, 4]), rows([0, 0, 4, 4])));
  const iou = 12 / 20;
  expect(same).toBeCloseTo(0, 5);
  expect(moved).toBeCloseTo(1 - iou + 1 / (25 + 16), 5);
  const v = (4 / Math.PI ** 2) * (Math.atan(2) - Math.atan(1)) ** 2;
  const wide = value(ciouLoss(rows([0, 0, 8, 4]), rows([0, 0, 4, 4])));
  expect(wide).toBeCloseTo(1 - 0.5 + 4 / (64 + 16) + (v * v) / (1 - 0.5 + v), 5);
});

test('empty boxes overlap nothing, themselves neither: torchvision has a GIoU loss of 1 and a CIoU loss of NaN', () => {
  const empty = () => rows([3, 3, 3, 3]);
  expect(value(pairedBoxIou(empty(), empty()))).toBe(0);
  expect(value(giouLoss(empty(), empty()))).toBe(1);
  expect(value(ciouLoss(empty(), empty()))).toBe(1);
  // Inside a box of 16 pixels: no overlap, and a hull without a gap.
  expect(value(giouLoss(empty(), rows([0, 0, 4, 4])))).toBeCloseTo(1, 6);
});

test('smooth L1 is quadratic below beta and meets the line there', () => {
  const { loss } = valuesOf({ loss: smoothL1Loss(rows([0, 0.25, 0.5, 2]), rows([0, 0, 0, 0]), 0.5) });
  expect([...loss.data]).toEqual([0, 0.0625, 0.25, 1.75]);
  expect(value(smoothL1Loss(rows([-3]), rows([0]), 0))).toBe(value(l1Loss(rows([-3]), rows([0]))));
});

test('gradients equal finite differences', () => {
  const box = fc
    .tuple(
      fc.double({ min: 0, max: 9, noNaN: true }),
      fc.double({ min: 0, max: 9, noNaN: true }),
      fc.double({ min: 1, max: 6, noNaN: true }),
      fc.double({ min: 1, max: 6, noNaN: true }),
    )
    .map(([x, y, w, h]) => [x, y, x + w, y + h].map(Math.fround));
  const x = input('x', 'float32', [1, 4]);
  fc.assert(
    fc.property(box, box, fc.constantFrom(giouLoss, l1Loss), (predicted, target, lossOf) => {
      const loss = reduceSum(lossOf(x, constant(tensorData('float32', [1, 4], target))));
      const program = createProgram({ outputs: { loss, gradient: gradients(loss, [x])[0]! } });
      const at = (values: readonly number[]) =>
        evaluate(program, { x: { dtype: 'float32', shape: [1, 4], data: Float64Array.from(values) } }).outputs;
      for (let i = 0; i < 4; i++) {
        const moved = (step: number) => at(predicted.with(i, predicted[i]! + step)).loss!.data[0]!;
        const [left, right] = [moved(-1e-6), moved(1e-6)];
        const slopes = [(at(predicted).loss!.data[0]! - left) / 1e-6, (right - at(predicted).loss!.data[0]!) / 1e-6];
        if (Math.abs(slopes[0]! - slopes[1]!) > 1e-3) continue; // a kink: one-sided slopes differ
        expect(at(predicted).gradient!.data[i]!).toBeCloseTo((right - left) / 2e-6, 4);
      }
    }),
    { numRuns: 30 },
  );
});
