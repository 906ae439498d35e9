import { constant, createProgram, createScope, evaluate, initialize, input, tensorData } from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { expect, test } from 'vitest';
import { floats, ints, valuesOf } from '../../test/values-of.js';
import type { SampledBoxes } from '../proposals/sample-proposals.js';
import { maskHead, maskLoss, projectMasks } from './mask-head.js';

const flags = (shape: readonly number[], values: readonly number[]) => constant(tensorData('bool', shape, values));

/** Two objects of one image of 8 pixels: the left half, and a square of 4. */
const masks = flags(
  [1, 2, 8, 8],
  [0, 1].flatMap((object) =>
    Array.from({ length: 64 }, (_, i) => {
      const [x, y] = [i % 8, Math.floor(i / 8)];
      return Number(object === 0 ? x < 4 : x >= 2 && x < 6 && y >= 2 && y < 6);
    }),
  ),
);

test('the head doubles the side and has a mask for each class', () => {
  const scope = createScope();
  const pooled = input('pooled', 'float32', [2, 3, 5, 4, 4]);
  const config = { classes: 2, channels: 6, depth: 2 };
  expect(maskHead(scope.child('mask_head'), scope.child('mask_predictor'), pooled, config).shape).toEqual([
    2, 3, 3, 8, 8,
  ]);
  expect([...scope.spec.values()].map(({ name, shape }) => `${name} ${shape.join('x')}`)).toEqual([
    'mask_head.0.0.weight 6x5x3x3',
    'mask_head.0.0.bias 6',
    'mask_head.1.0.weight 6x6x3x3',
    'mask_head.1.0.bias 6',
    'mask_predictor.conv5_mask.weight 6x6x2x2',
    'mask_predictor.conv5_mask.bias 6',
    'mask_predictor.mask_fcn_logits.weight 3x6x1x1',
    'mask_predictor.mask_fcn_logits.bias 3',
  ]);
});

test('a batch of any size has the same masks, and no box sees the one below it', () => {
  const config = { classes: 2, channels: 6, depth: 3 };
  const masksOf = (batch: number | 'N') => {
    const scope = createScope();
    const pooled = input('pooled', 'float32', [batch, 3, 5, 4, 4]);
    const logits = maskHead(scope.child('mask_head'), scope.child('mask_predictor'), pooled, config);
    expect(logits.shape).toEqual([batch, 3, 3, 8, 8]);
    const values = initialize(scope.spec, 3);
    for (const [name, { data }] of values) if (name.endsWith('bias')) data.fill(0.5);
    const feeds = {
      pooled: hashed([2, 3, 5, 4, 4], 1),
    };
    return evaluate(createProgram({ outputs: { logits } }), feeds, values).outputs.logits!.data;
  };
  const [known, any] = [masksOf(2), masksOf('N')];
  expect(Math.max(...known)).toBeGreaterThan(0.1);
  expect(Math.max(...known.map((value, i) => Math.abs(value - any[i]!)))).toBeLessThan(1e-12);
});

test('masks are seen through boxes, each its own object', () => {
  const boxes = floats([1, 3, 4], [0, 0, 8, 8, 2, 2, 6, 6, 4, 0, 8, 8]);
  const { seen } = valuesOf({ seen: projectMasks(masks, boxes, ints([1, 3], [0, 1, 0]), 2) });
  expect(seen.shape).toEqual([1, 3, 2, 2]);
  // Samples at 1, 3, 5, 7 of the box's eighths read between pixels: the last inside a mask is half outside.
  const box = (k: number) => [...seen.data.subarray(k * 4, k * 4 + 4)];
  expect(box(0)).toEqual([0.875, 0, 0.875, 0]);
  expect(box(1)).toEqual([1, 0.75, 0.75, 0.5625]);
  expect(box(2)).toEqual([0, 0, 0, 0]);
});

function sampledBoxes(foreground: readonly number[]): SampledBoxes {
  const boxes = floats([1, 2, 4], [0, 0, 8, 8, 2, 2, 6, 6]);
  const labels = ints(
    [1, 2],
    foreground.map((is, i) => (is ? i : -1)),
  );
  const valid = flags([1, 2], [1, 1]);
  return { boxes, targets: boxes, labels, matched: ints([1, 2], [0, 1]), foreground: flags([1, 2], foreground), valid };
}

test('only the mask of the class of a foreground box counts', () => {
  const logits = (class1: number) =>
    floats(
      [1, 2, 3, 2, 2],
      [0, 1].flatMap((k) => [9, k === 0 ? class1 : -5, k === 1 ? class1 : 7].flatMap((x) => [x, x, x, x])),
    );
  const loss = (class1: number, foreground: readonly number[]) =>
    valuesOf({ loss: maskLoss(logits(class1), masks, sampledBoxes(foreground)) }).loss.data[0]!;
  expect(loss(0, [1, 1])).toBeCloseTo(Math.log(2), 6);
  expect(loss(3, [0, 1])).toBeLessThan(loss(3, [1, 0]));
  expect(loss(50, [0, 0])).toBe(0);
});
