import { multiply } from '../../../ops/binary.js';
import { conv2dByChannelDilation } from '../../../ops/channel-dilation.js';
import { type ConvolutionOptions, conv2d, convGradInput, convGradWeight } from '../../../ops/convolution.js';
import { seedOf } from '../../../random.js';
import { type TensorData, tensorData } from '../../../tensor-data.js';
import { hashed, hashedIntegers } from '../../hashed.js';
import type { ConformanceCase } from '../case.js';

const floats = (name: string, shape: readonly number[]) => hashed(shape, seedOf(1, `${name} ${shape}`));

type Shapes = readonly [x: readonly number[], w: readonly number[], options: ConvolutionOptions];

/** The awkward cases of convolutions and of the ways in which engines lower their gradients. */
const CONVOLUTIONS: Readonly<Record<string, Shapes>> = {
  plain: [[2, 3, 6, 5], [4, 3, 3, 3], { padding: 1 }],
  'no padding': [[2, 3, 6, 5], [4, 3, 3, 3], {}],
  '1x1': [[2, 5, 4, 3], [3, 5, 1, 1], {}],
  '1x1, stride 2': [[2, 5, 5, 4], [3, 5, 1, 1], { stride: 2 }],
  '1x1 with padding': [[1, 2, 3, 4], [3, 2, 1, 1], { padding: 1 }],
  'padding larger than d (k - 1): the flipped form crops': [[2, 3, 4, 5], [2, 3, 3, 3], { padding: [3, 4] }],
  'padding on one side alone': [[2, 2, 5, 6], [3, 2, 3, 3], { padding: [2, 0, 0, 1] }],
  'dilation 2': [[2, 3, 8, 7], [4, 3, 3, 3], { padding: 2, dilation: 2 }],
  'another dilation on each axis': [[2, 3, 9, 10], [4, 3, 3, 3], { padding: [3, 1], dilation: [3, 1] }],
  'dilation 3, stride 2': [[2, 3, 9, 8], [4, 3, 3, 3], { padding: 3, dilation: 3, stride: 2 }],
  'stride 2, last row never read': [[2, 3, 8, 7], [4, 3, 3, 3], { stride: 2 }],
  'stride 3, two rows never read': [[2, 3, 11, 9], [2, 3, 3, 2], { stride: 3 }],
  'stride 2, padding 1': [[2, 3, 8, 8], [4, 3, 3, 3], { stride: 2, padding: 1 }],
  'another stride on each axis': [[2, 3, 7, 9], [4, 3, 3, 3], { stride: [1, 3], padding: 1 }],
  'stride larger than the kernel': [[1, 2, 9, 9], [2, 2, 2, 2], { stride: 4 }],
  'kernel larger than the map': [[2, 3, 2, 3], [2, 3, 5, 5], { padding: 2 }],
  'dilated kernel larger than the map': [[2, 3, 4, 3], [2, 3, 3, 3], { padding: 6, dilation: 6 }],
  'kernel as large as the map': [[2, 3, 4, 5], [2, 3, 4, 5], {}],
  'even kernel': [[2, 3, 5, 6], [2, 3, 2, 4], { padding: [1, 2] }],
  'one row': [[2, 3, 1, 8], [2, 3, 1, 3], { padding: [0, 1] }],
  'one column': [[2, 3, 8, 1], [2, 3, 3, 1], { padding: [1, 0] }],
  '7x7, stride 2, as in a stem': [[1, 3, 17, 16], [4, 3, 7, 7], { stride: 2, padding: 3 }],
  'two groups': [[2, 4, 5, 6], [6, 2, 3, 3], { padding: 1, groups: 2 }],
  'groups, dilation, stride': [[2, 6, 9, 8], [3, 2, 3, 3], { padding: 2, dilation: 2, stride: 2, groups: 3 }],
  'groups, padding larger than d (k - 1)': [[1, 4, 4, 5], [4, 2, 3, 3], { padding: 3, groups: 2 }],
  depthwise: [[2, 4, 6, 5], [4, 1, 3, 3], { padding: 1, groups: 4 }],
  'depthwise with a multiplier': [[2, 3, 6, 5], [6, 1, 3, 3], { padding: 1, groups: 3, stride: 2 }],
  '1x1, groups': [[2, 4, 3, 5], [4, 2, 1, 1], { groups: 2 }],
  'no images': [[0, 3, 6, 5], [4, 3, 3, 3], { padding: 1 }],
  'many channels on a small map': [[2, 24, 5, 5], [20, 24, 3, 3], { padding: 1 }],
  'many channels, stride 2': [[2, 24, 8, 7], [20, 24, 3, 3], { padding: 1, stride: 2 }],
  'many channels, dilation 2': [[1, 20, 7, 8], [24, 20, 3, 3], { padding: 2, dilation: 2 }],
  'many channels, groups': [[2, 32, 6, 6], [32, 16, 3, 3], { padding: 1, groups: 2 }],
  'a map of several hundred pixels': [[1, 16, 20, 18], [16, 16, 3, 3], { padding: 1 }],
};

/** From so many channels on, finite differences take long and say nothing new. */
const MANY_CHANNELS = 16;

function convolutions(): ConformanceCase[] {
  return Object.entries(CONVOLUTIONS).map(
    ([name, [x, w, options]]): ConformanceCase => ({
      name: `conv2d: ${name}`,
      inputs: { x: floats('x', x), w: floats('w', w), bias: floats('bias', [w[0]!]) },
      build: ({ x, w, bias }) => ({ y: conv2d(x!, w!, options), withBias: conv2d(x!, w!, options, bias) }),
      smooth: x[1]! < MANY_CHANNELS,
    }),
  );
}

/** The gradient ops as ops of their own: their gradients are those of second derivatives. */
function gradientOps(): ConformanceCase[] {
  const of = (name: string, [x, w, options]: Shapes, g: readonly number[]): ConformanceCase[] => [
    {
      name: `convGradInput: ${name}`,
      inputs: { g: floats('g', g), w: floats('w', w) },
      build: ({ g, w }) => ({ y: convGradInput(g!, w!, x, options) }),
    },
    {
      name: `convGradWeight: ${name}`,
      inputs: { g: floats('g', g), x: floats('x', x) },
      build: ({ g, x }) => ({ y: convGradWeight(g!, x!, w, options) }),
    },
  ];
  return [
    ...of('plain', CONVOLUTIONS.plain!, [2, 4, 6, 5]),
    ...of('stride, unread', CONVOLUTIONS['stride 3, two rows never read']!, [2, 2, 3, 3]),
    ...of('groups, dilation, stride', CONVOLUTIONS['groups, dilation, stride']!, [2, 3, 5, 4]),
  ];
}

const GENOTYPES = [
  [1, 1],
  [2, 2],
  [1, 3],
] as const;

function channelDilations(): ConformanceCase[] {
  const of = (
    name: string,
    x: readonly number[],
    w: readonly number[],
    index: TensorData,
    options: { stride?: number; groups?: number } = {},
  ): ConformanceCase => ({
    name: `conv2dByChannelDilation: ${name}`,
    inputs: { x: floats('x', x), w: floats('w', w), index },
    build: ({ x, w, index }) => ({ y: conv2dByChannelDilation(x!, w!, index!, { genotypes: GENOTYPES, ...options }) }),
  });
  const indices = (values: readonly number[]) => tensorData('int32', [values.length], values);
  return [
    of('mixed', [2, 3, 7, 6], [5, 3, 3, 3], indices([2, 0, 1, 0, 2])),
    of('one genotype has no channel', [2, 3, 7, 6], [4, 3, 3, 3], indices([2, 0, 0, 2])),
    of('one genotype has them all', [2, 3, 7, 6], [4, 3, 3, 3], indices([1, 1, 1, 1])),
    of('stride 2, even map', [2, 3, 8, 6], [5, 3, 3, 3], indices([2, 0, 1, 0, 1]), { stride: 2 }),
    of('stride 2, odd map', [1, 3, 7, 9], [5, 3, 3, 3], indices([2, 0, 1, 0, 1]), { stride: 2 }),
    of('1x1', [2, 3, 4, 5], [3, 3, 1, 1], indices([0, 2, 1])),
    of('5x5 on a small map', [1, 2, 3, 4], [4, 2, 5, 5], indices([0, 2, 1, 2])),
    of('groups', [2, 4, 6, 7], [6, 2, 3, 3], indices([2, 2, 2, 0, 0, 0]), { groups: 2 }),
    of('groups, stride 2', [2, 4, 6, 7], [4, 1, 3, 3], indices([2, 1, 0, 1]), { groups: 4, stride: 2 }),
    {
      name: 'conv2dByChannelDilation: genotypes drawn inside the program',
      inputs: {
        x: floats('x', [1, 2, 6, 6]),
        w: floats('w', [6, 2, 3, 3]),
        index: hashedIntegers([6], seedOf(1, 'genotypes'), 3),
      },
      build: ({ x, w, index }) => ({
        y: conv2dByChannelDilation(x!, w!, multiply(index!, 1), { genotypes: GENOTYPES }),
      }),
    },
  ];
}

export function convolutionCases(): ConformanceCase[] {
  return [
    ...convolutions(),
    ...gradientOps(),
    ...channelDilations(),
    {
      name: 'a batch N goes through convolutions',
      inputs: {
        x: floats('x', [3, 2, 6, 5]),
        w: floats('w', [4, 2, 3, 3]),
        bias: floats('bias', [4]),
        index: tensorData('int32', [4], [0, 2, 1, 0]),
      },
      batched: ['x'],
      build: ({ x, w, bias, index }) => ({
        y: conv2d(x!, w!, { padding: 1, stride: 2 }, bias),
        byChannel: conv2dByChannelDilation(x!, w!, index!, { genotypes: GENOTYPES }),
      }),
    },
  ];
}
