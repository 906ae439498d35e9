import { createScope, input } from '@nats/graph';
import { resnetConfig, smallResnet } from '@nats/space';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { demoDetectorConfig, retinanetConfig } from '../detectors/index.js';
import { buildDetector } from '../kinds/index.js';
import { featurePyramid, nearest } from './feature-pyramid.js';

test('after strides of 2 the nearest of n rows are each row twice, the last one once if the number is odd', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 700 }), fc.boolean(), (n, isOdd) => {
      const to = 2 * n - (isOdd ? 1 : 0);
      expect(nearest(n, to)).toEqual(Array.from({ length: to }, (_, i) => i >> 1));
    }),
  );
});

const sizes = [
  [75, 101],
  [97, 64],
  [33, 130],
] as const;

describe.each(sizes)('an input of %i x %i', (...inputSize) => {
  test.each([
    ['retinanet', retinanetConfig({ backbone: resnetConfig('resnet18'), inputSize, classes: 3 })],
    [
      'fcos with two levels of one stride',
      demoDetectorConfig({ inputSize, classes: 3, backbone: smallResnet({ widths: [8, 8, 8], strides: [2, 2, 1] }) }),
    ],
  ])('is fine for %s: a loss and candidates', (_, config) => {
    const detector = buildDetector(config);
    const images = input('images', 'float32', [2, 3, ...inputSize]);
    const targets = { boxes: input('boxes', 'float32', [2, 4, 4]), labels: input('labels', 'int32', [2, 4]) };
    const { loss } = detector.loss(createScope({ normalization: 'batch' }), images, targets);
    expect(loss.shape).toEqual([]);
    const { boxes, scores } = detector.candidates(createScope(), images);
    expect(boxes.shape).toEqual([2, scores.shape[1], 4]);
  });
});

test('without smoothing the merged maps are the levels, and the pyramid has the parameters of its lateral convolutions alone', () => {
  const features = [8, 16].map((channels, i) => input(`C${i}`, 'float32', [1, channels, 6, 6]));
  const scope = createScope();
  const levels = featurePyramid(scope, features, { channels: 4, extra: 'none', smoothing: false });
  expect(levels.map(({ shape }) => shape)).toEqual([
    [1, 4, 6, 6],
    [1, 4, 6, 6],
  ]);
  expect([...scope.spec.keys()].sort()).toEqual([
    'inner_blocks.0.0.bias',
    'inner_blocks.0.0.weight',
    'inner_blocks.1.0.bias',
    'inner_blocks.1.0.weight',
  ]);
});
