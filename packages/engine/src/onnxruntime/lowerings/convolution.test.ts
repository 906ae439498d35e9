import { encodeProgram, lower, readNodes } from '@nats/export';
import * as g from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorAgainstReference, evaluate } from '../../../test/compare.js';
import { blockSize } from '../block-size.js';
import { col2imPadding, flippedPadding } from './choose.js';
import type { Geometry } from './columns.js';
import { convolutionLowerings } from './convolution.js';
import { forwardWays } from './convolution-forward.js';
import { gradInputWays } from './convolution-grad-input.js';
import { gradWeightWays, lowerIm2col } from './convolution-grad-weight.js';
import { sizeOfConvolution } from './geometry.js';

interface Case {
  readonly x: readonly [number, number, number, number];
  readonly w: readonly [number, number, number, number];
  readonly options: g.ConvolutionOptions;
}

/** A convolution and both its gradients against the float64 reference. */
async function errorOf({ x, w, options }: Case): Promise<number> {
  const [image, weight] = [g.input('x', 'float32', x), g.input('w', 'float32', w)];
  const y = g.conv2d(image, weight, options);
  const gradient = g.input('g', 'float32', y.shape);
  const outputs = {
    y,
    dx: g.convGradInput(gradient, weight, x, options),
    dw: g.convGradWeight(gradient, image, w, options),
  };
  return errorAgainstReference(outputs, {
    x: hashed(x, 1),
    w: hashed(w, 2),
    g: hashed(y.shape as number[], 3),
  });
}

/** Sizes on both sides of every rule in choose.ts. */
const CASES: Record<string, Case> = {
  'small map, many channels': { x: [2, 16, 5, 7], w: [20, 16, 3, 3], options: { padding: 1 } },
  'more output channels than a narrow product has': { x: [1, 16, 12, 12], w: [132, 16, 3, 3], options: { padding: 1 } },
  'large map, many channels': { x: [2, 16, 15, 14], w: [16, 16, 3, 3], options: { padding: 1 } },
  'few output channels': { x: [2, 16, 9, 8], w: [3, 16, 3, 3], options: { padding: [2, 1, 0, 2], dilation: [1, 2] } },
  dilation: { x: [2, 16, 8, 9], w: [16, 16, 3, 3], options: { padding: 2, dilation: 2 } },
  'dilation that differs by axis': {
    x: [2, 16, 9, 8],
    w: [17, 16, 3, 3],
    options: { padding: [1, 3], dilation: [1, 3] },
  },
  'stride with unread rows': { x: [2, 16, 8, 8], w: [16, 16, 3, 3], options: { stride: 2, padding: [1, 1, 0, 0] } },
  'stride 3 with dilation 2': {
    x: [1, 18, 11, 13],
    w: [16, 18, 3, 2],
    options: { stride: [3, 2], padding: 2, dilation: 2 },
  },
  'negative pads of the flipped form': { x: [1, 3, 14, 15], w: [4, 3, 3, 3], options: { padding: [4, 3, 5, 0] } },
  'negative pads, many channels': { x: [1, 16, 5, 5], w: [16, 16, 1, 1], options: { padding: 2 } },
  'kernel larger than the map': { x: [2, 16, 2, 3], w: [16, 16, 5, 5], options: { padding: 2 } },
  'dilated kernel larger than the map': { x: [2, 16, 4, 4], w: [16, 16, 3, 3], options: { padding: 4, dilation: 4 } },
  '1x1': { x: [2, 32, 6, 5], w: [24, 32, 1, 1], options: {} },
  '1x1 with stride': { x: [2, 32, 7, 5], w: [24, 32, 1, 1], options: { stride: 2 } },
  'few input channels, stride and dilation': {
    x: [3, 3, 17, 16],
    w: [8, 3, 5, 3],
    options: { stride: 2, padding: [2, 1], dilation: [1, 2] },
  },
  'few input channels with rows unread': {
    x: [2, 3, 16, 16],
    w: [8, 3, 7, 7],
    options: { stride: 2, padding: [3, 3, 0, 0] },
  },
  'wide groups': { x: [2, 32, 6, 7], w: [34, 16, 3, 3], options: { groups: 2, padding: 1 } },
  'narrow groups': { x: [2, 12, 6, 7], w: [8, 3, 3, 3], options: { groups: 4, padding: 2, dilation: 2 } },
  depthwise: { x: [2, 6, 6, 7], w: [6, 1, 3, 3], options: { groups: 6, padding: 1, stride: 2 } },
  'blocks of channels, dilated': {
    x: [2, 32, 9, 10],
    w: [64, 32, 3, 3],
    options: { padding: [2, 1, 1, 2], dilation: [2, 1] },
  },
  'blocks of channels with stride': { x: [2, 64, 9, 8], w: [32, 64, 3, 2], options: { stride: [2, 1], padding: 1 } },
  'one pixel': { x: [1, 16, 1, 1], w: [16, 16, 3, 3], options: { padding: 1 } },
};

/** Every way, also where choose.ts would take another. */
async function errorOfWays({ x, w, options }: Case): Promise<Record<string, number>> {
  const block = await blockSize();
  const [image, weight] = [g.input('x', 'float32', x), g.input('w', 'float32', w)];
  const y = g.conv2d(image, weight, options);
  const gradient = g.input('g', 'float32', y.shape);
  const attributes = g.convolutionAttributes(options);
  const { geometry } = sizeOfConvolution(x, w, attributes);
  const plain = attributes.groups === 1;
  const unit = attributes.stride.every((stride) => stride === 1);
  const cut = col2imPadding(geometry).every((side) => side >= 0);
  const uncut = flippedPadding(geometry).every((side) => side >= 0);
  const blocked = block !== undefined && plain && [x[1], w[0]].every((channels) => channels % block === 0);
  const feeds = { x: hashed(x, 1), w: hashed(w, 2), g: hashed(y.shape as number[], 3) };
  const table: [Parameters<typeof lower>[0], g.Tensor, WaysOf, readonly string[]][] = [
    [g.conv2dOp, y, forwardWays, ['conv', ...(plain ? ['im2col'] : []), ...(plain && unit && cut ? ['col2im'] : [])]],
    [
      g.convGradInputOp,
      g.convGradInput(gradient, weight, x, options),
      gradInputWays,
      [
        'transposed',
        ...(unit ? ['flipped'] : []),
        ...(plain ? ['gatherAccumulate'] : []),
        ...(blocked && unit && uncut ? ['blocked'] : []),
      ],
    ],
    [
      g.convGradWeightOp,
      g.convGradWeight(gradient, image, w, options),
      { ...gradWeightWays, 'im2col, one tap at a time': oneTapAtATime },
      [
        'slices',
        'im2col',
        'im2col, one tap at a time',
        ...(plain ? ['batchChannelTranspose'] : []),
        ...(plain && unit ? ['gatherAccumulate'] : []),
      ],
    ],
  ];
  const errors: Record<string, number> = {};
  for (const [op, output, ways, names] of table) {
    for (const way of names) {
      const chosen = lower(op, (context) => ways[way]!(context as never, geometry, block ?? 1));
      const needed = Object.fromEntries(
        Object.entries(feeds).filter(([name]) => output.node.inputs.some((i) => nameOf(i) === name)),
      );
      errors[`${op.name} ${way}`] = await errorAgainstReference({ output }, needed, [chosen]);
    }
  }
  return errors;
}

const oneTapAtATime: typeof gradWeightWays.im2col = (context, geometry) => lowerIm2col(context, geometry, 1);

/** Each way takes the context of its own op. */
type WaysOf = Readonly<Record<string, (context: never, geometry: Geometry, block: number) => void>>;

const nameOf = (tensor: g.Tensor) => (tensor.node.attributes as { name: string }).name;

describe('a convolution and its gradients', () => {
  for (const [name, example] of Object.entries(CASES)) {
    it(name, async () => expect(await errorOf(example)).toBeLessThan(3e-6));
    it(`${name}, every way`, async () => {
      for (const [way, error] of Object.entries(await errorOfWays(example))) expect(error, way).toBeLessThan(3e-6);
    });
  }

  it('for any stride, padding, dilation and groups', async () => {
    const small = (max: number) => fc.integer({ min: 1, max });
    const cases = fc
      .record({
        n: small(3),
        groups: fc.constantFrom(1, 1, 2, 3),
        inputs: fc.constantFrom(1, 3, 5, 16),
        outputs: fc.constantFrom(1, 4, 16),
        size: fc.tuple(small(16), small(16)),
        kernel: fc.tuple(small(4), small(4)),
        stride: fc.tuple(small(3), small(3)),
        dilation: fc.tuple(small(3), small(3)),
        padding: fc.tuple(
          ...([0, 0, 0, 0].map(() => fc.integer({ min: 0, max: 4 })) as [
            fc.Arbitrary<number>,
            fc.Arbitrary<number>,
            fc.Arbitrary<number>,
            fc.Arbitrary<number>,
          ]),
        ),
      })
      .filter(({ size, kernel, dilation, padding }) =>
        size.every((s, a) => s + padding[a]! + padding[a + 2]! >= dilation[a]! * (kernel[a]! - 1) + 1),
      );
    await fc.assert(
      fc.asyncProperty(cases, async ({ n, groups, inputs, outputs, size, kernel, stride, dilation, padding }) => {
        const error = await errorOf({
          x: [n, inputs * groups, ...size],
          w: [outputs * groups, inputs, ...kernel],
          options: { stride, padding, dilation, groups },
        });
        expect(error).toBeLessThan(3e-6);
      }),
      { numRuns: 80, seed: 7 },
    );
  });

  it('a bias is added, with few output channels too', async () => {
    const [x, w, bias] = [
      g.input('x', 'float32', [2, 16, 4, 5]),
      g.input('w', 'float32', [3, 16, 3, 3]),
      g.input('bias', 'float32', [3]),
    ];
    const feeds = { x: hashed([2, 16, 4, 5], 1), w: hashed([3, 16, 3, 3], 2), bias: hashed([3], 3) };
    expect(await errorAgainstReference({ y: g.conv2d(x, w, { padding: 1 }, bias) }, feeds)).toBeLessThan(3e-6);
  });

  it.each([20, 132])('columns of some taps at a time give the same bits, %i output channels', async (outputs) => {
    const [x, dy] = [[2, 128, 12, 12] as const, [2, outputs, 12, 12] as const];
    const [image, gradient] = [g.input('x', 'float32', x), g.input('g', 'float32', dy)];
    const dw = g.convGradWeight(gradient, image, [outputs, 128, 3, 3], { padding: 1 });
    const feeds = { x: hashed(x, 1), g: hashed(dy, 3) };
    const found = [gradWeightWays.im2col, oneTapAtATime].map(async (way) => {
      const chosen = lower(g.convGradWeightOp, (context) =>
        way(context, sizeOfConvolution(x, [outputs, 128, 3, 3], context.attributes).geometry),
      );
      return (await evaluate({ dw }, feeds, [chosen])).dw!.data;
    });
    expect(await found[1]).toEqual(await found[0]);
  });

  it("where there is enough of them, the input's gradient takes blocks of channels", async () => {
    const shape = [1, 64, 33, 32] as const;
    const [gradient, w] = [g.input('g', 'float32', shape), g.input('w', 'float32', [64, 64, 3, 3])];
    const outputs = { dx: g.convGradInput(gradient, w, shape, { padding: 1 }) };
    const lowerings = convolutionLowerings(await blockSize());
    const nodes = readNodes(encodeProgram(g.createProgram({ outputs }), { lowerings }));
    const blocked = nodes.filter(({ op }) => op === 'com.microsoft.nchwc.Conv');
    expect(blocked).toHaveLength((await blockSize()) === undefined ? 0 : 1);
    const feeds = { g: hashed(shape, 1), w: hashed([64, 64, 3, 3], 2) };
    expect(await errorAgainstReference(outputs, feeds)).toBeLessThan(3e-6);
  });

  it('an unknown batch is convolved too', async () => {
    const w = hashed([16, 16, 3, 3], 2);
    const y = g.conv2d(g.input('x', 'float32', ['N', 16, 4, 4]), g.constant(w), { padding: 1 });
    expect(await errorAgainstReference({ y }, { x: hashed([3, 16, 4, 4], 1) })).toBeLessThan(3e-6);
  });
});
