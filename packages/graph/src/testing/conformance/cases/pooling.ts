import type { Pair } from '../../../ops/convolution.js';
import {
  type AveragePoolingOptions,
  averagePool2d,
  globalAveragePool,
  maxPool2d,
  type PoolingOptions,
} from '../../../ops/pooling.js';
import { resizeBilinear } from '../../../ops/resize.js';
import { seedOf } from '../../../random.js';
import { tensorData } from '../../../tensor-data.js';
import { hashed } from '../../hashed.js';
import type { ConformanceCase } from '../case.js';

const floats = (shape: readonly number[]) => hashed(shape, seedOf(1, `pooling ${shape}`));

const WINDOWS: Readonly<Record<string, readonly [readonly number[], PoolingOptions]>> = {
  'as in a stem': [[2, 3, 8, 7], { kernel: 3, stride: 2, padding: 1 }],
  'no overlap': [[2, 3, 6, 4], { kernel: 2 }],
  'last row never read': [[2, 3, 7, 5], { kernel: 2 }],
  'stride 1': [[1, 2, 5, 6], { kernel: 3, stride: 1, padding: 1 }],
  'another window on each axis': [[1, 2, 6, 9], { kernel: [2, 3], stride: [3, 2], padding: [1, 0] }],
  'padding on one side alone': [[1, 2, 5, 5], { kernel: 3, stride: 2, padding: [0, 1, 2, 0] }],
  'stride larger than the window': [[1, 2, 9, 8], { kernel: 2, stride: 4 }],
  '1x1, stride 2': [[1, 2, 5, 6], { kernel: 1, stride: 2 }],
  'the whole map': [[2, 3, 4, 5], { kernel: [4, 5] }],
  'no images': [[0, 3, 6, 4], { kernel: 2 }],
};

function windows(): ConformanceCase[] {
  return Object.entries(WINDOWS).flatMap(([name, [shape, options]]): ConformanceCase[] => [
    { name: `maxPool2d: ${name}`, inputs: { x: floats(shape) }, build: ({ x }) => ({ y: maxPool2d(x!, options) }) },
    ...[true, false].map(
      (countPadding): ConformanceCase => ({
        name: `averagePool2d: ${name}${countPadding ? '' : ', padding not counted'}`,
        inputs: { x: floats(shape) },
        build: ({ x }) => ({ y: averagePool2d(x!, { ...options, countPadding } satisfies AveragePoolingOptions) }),
      }),
    ),
  ]);
}

function maxima(): ConformanceCase[] {
  const negative = floats([1, 2, 6, 6]);
  const stem = { kernel: 3, stride: 2, padding: 1 };
  return [
    {
      name: 'maxPool2d of negative values: padding is never the maximum',
      inputs: { x: { ...negative, data: negative.data.map((value) => -1 - Math.abs(value)) } },
      build: ({ x }) => ({ y: maxPool2d(x!, stem) }),
    },
    {
      name: 'maxPool2d of equals: the first takes the gradient',
      inputs: { x: tensorData('float32', [1, 1, 4, 4], [1, 1, 0, 0, 1, 1, 0, 0, -2, -2, 3, 3, -2, -2, 3, 3]) },
      build: ({ x }) => ({ apart: maxPool2d(x!, { kernel: 2 }), over: maxPool2d(x!, stem) }),
      smooth: false,
    },
    {
      name: 'maxPool2d of zeros after relu',
      inputs: { x: tensorData('float32', [1, 1, 4, 6], new Float32Array(24)) },
      build: ({ x }) => ({ y: maxPool2d(x!, stem) }),
      smooth: false,
    },
  ];
}

const SIZES: readonly (readonly [readonly number[], Pair])[] = [
  [
    [2, 3, 4, 5],
    [8, 10],
  ],
  [
    [2, 3, 4, 5],
    [7, 3],
  ],
  [
    [1, 2, 7, 9],
    [13, 4],
  ],
  [
    [1, 2, 6, 6],
    [3, 2],
  ],
  [
    [1, 1, 1, 4],
    [3, 4],
  ],
  [
    [1, 2, 5, 6],
    [1, 1],
  ],
  [
    [1, 2, 5, 6],
    [5, 6],
  ],
  [
    [0, 2, 5, 6],
    [3, 9],
  ],
];

export function poolingCases(): ConformanceCase[] {
  return [
    ...windows(),
    ...maxima(),
    {
      name: 'globalAveragePool',
      inputs: { x: floats([2, 3, 4, 5]) },
      build: ({ x }) => ({ y: globalAveragePool(x!) }),
    },
    ...SIZES.map(
      ([shape, size]): ConformanceCase => ({
        name: `resizeBilinear of [${shape}] to [${size}]`,
        inputs: { x: floats(shape) },
        build: ({ x }) => ({ y: resizeBilinear(x!, size) }),
      }),
    ),
    {
      name: 'a batch N goes through pooling and resizing',
      inputs: { x: floats([3, 2, 6, 5]) },
      batched: ['x'],
      build: ({ x }) => ({
        most: maxPool2d(x!, { kernel: 3, stride: 2, padding: 1 }),
        mean: averagePool2d(x!, { kernel: 2 }),
        all: globalAveragePool(x!),
        resized: resizeBilinear(x!, [9, 7]),
      }),
    },
  ];
}
