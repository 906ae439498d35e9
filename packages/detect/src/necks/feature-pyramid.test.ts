import { createProgram, createScope, evaluate, input, tensorData } from '@nats/graph';
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

const cells = ([height, width]: readonly [number, number], stride: number) =>
  Math.ceil(height / stride) * Math.ceil(width / stride);

const sizes = [
  [75, 101],
  [97, 64],
  [33, 130],
] as const;

describe.each(sizes)('an input of %i x %i', (...inputSize) => {
  test.each([
    [
      'retinanet',
      retinanetConfig({ backbone: resnetConfig('resnet18'), inputSize, classes: 3 }),
      // Nine anchors of three classes in every cell; stages round up, P6 and P7 too.
      (size: readonly [number, number]) => [8, 16, 32, 64, 128].map((stride) => 27 * cells(size, stride)),
    ],
    [
      'fcos with two levels of one stride',
      demoDetectorConfig({ inputSize, classes: 3, backbone: smallResnet({ widths: [8, 8, 8], strides: [2, 2, 1] }) }),
      (size: readonly [number, number]) => [4, 4].map((stride) => 3 * cells(size, stride)),
    ],
  ])('is fine for %s: a loss and candidates', (_, config, levels) => {
    const detector = buildDetector(config);
    const images = input('images', 'float32', [2, 3, ...inputSize]);
    const targets = { boxes: input('boxes', 'float32', [2, 4, 4]), labels: input('labels', 'int32', [2, 4]) };
    const { loss } = detector.loss(createScope({ normalization: 'batch' }), images, targets);
    expect(loss.shape).toEqual([]);
    const { boxes, scores } = detector.candidates(createScope(), images);
    const candidates = levels(inputSize).reduce((sum, cells) => sum + Math.min(cells, config.candidatesPerLevel), 0);
    expect(scores.shape).toEqual([2, candidates]);
    expect(boxes.shape).toEqual([2, candidates, 4]);
  });
});

test('a level is its lateral convolution, and the coarser level enlarged', () => {
  const [fine, coarse] = [input('fine', 'float32', [1, 1, 2, 4]), input('coarse', 'float32', [1, 2, 1, 2])];
  const scope = createScope();
  const levels = featurePyramid(scope, [fine, coarse], { channels: 1, extra: 'none', smoothing: false });
  const program = createProgram({ outputs: { p2: levels[0]!, p3: levels[1]! } });
  const floats = (shape: number[], data: number[]) => tensorData('float32', shape, data);
  const { outputs } = evaluate(
    program,
    { fine: floats([1, 1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), coarse: floats([1, 2, 1, 2], [1, 2, 10, 20]) },
    new Map([
      ['inner_blocks.0.0.weight', floats([1, 1, 1, 1], [0.5])],
      ['inner_blocks.0.0.bias', floats([1], [100])],
      ['inner_blocks.1.0.weight', floats([1, 2, 1, 1], [1, 2])],
      ['inner_blocks.1.0.bias', floats([1], [0])],
    ]),
  );
  expect([...outputs.p3!.data]).toEqual([21, 42]);
  expect([...outputs.p2!.data]).toEqual([121.5, 122, 143.5, 144, 123.5, 124, 145.5, 146]);
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
