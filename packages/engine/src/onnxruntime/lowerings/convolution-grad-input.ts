import { type ContextOf, lowerPortably, type OnnxBuilder } from '@nats/export';
import type { convGradInputOp } from '@nats/graph';
import { type BlockSize, blockedConvolution, blockedFlippedKernel } from './blocked.js';
import { flippedPadding, gradInputWay } from './choose.js';
import { type Geometry, gatherAccumulateTable, pixelRows, withZeroPixel } from './columns.js';
import { sizeOfConvolution } from './geometry.js';
import { once } from './memo.js';
import { cheaperOrder, swapLast } from './order.js';

type Context = ContextOf<typeof convGradInputOp>;

export const gradInputWays = {
  transposed: (context: Context) => lowerPortably(context),
  flipped: lowerFlipped,
  gatherAccumulate: lowerGatherAccumulate,
  blocked: lowerBlocked,
} as const;

export function lowerGradInput(context: Context, block?: BlockSize): void {
  const { shapes, attributes } = context;
  const { geometry, size } = sizeOfConvolution(attributes.shape, shapes[1] as readonly number[], attributes);
  gradInputWays[gradInputWay(size, block)](context, geometry, block ?? 1);
}

/**
 * One product gives what each output pixel contributes through each tap, `[N H' W', taps, C]`; each input pixel
 * gathers the rows that reach it and sums them. Needs no flipped weight, and with a stride does no work for nothing.
 * Without groups.
 */
function lowerGatherAccumulate({ builder, inputs, outputs, shapes, attributes }: Context, geometry: Geometry): void {
  const [g, w] = shapes as [readonly number[], readonly number[]];
  const [o, c, kh, kw] = w as [number, number, number, number];
  const { shape } = attributes;
  const [n, taps] = [shape[0]!, kh * kw];
  const pixels = geometry.output[0] * geometry.output[1];
  const { rows, most } = gatherAccumulateTable(geometry);
  const gradient = withZeroPixel(builder, pixelRows(builder, inputs[0], g, 1), [1, n, 1, o]);
  const all = n * (pixels + 1);
  const transposeProduct = cheaperOrder(n * pixels, o) === 'channels-taps';
  const weight = transposeProduct ? inputs[1] : swapLast(builder, inputs[1], [o, c, taps]);
  const product = builder.node('MatMul', [
    builder.node('Reshape', [gradient, builder.int64([all, o])]),
    builder.node('Reshape', [weight, builder.int64([o, taps * c])]),
  ]);
  const byTap = transposeProduct ? swapLast(builder, product, [all, c, taps]) : product;
  const index = once(builder, `gather-accumulate ${JSON.stringify(geometry)}`, () =>
    builder.constant({ dtype: 'int32', shape: [shape[2]! * shape[3]!, most], data: rows }),
  );
  const list = builder.node('Reshape', [byTap, builder.int64([n, (pixels + 1) * taps, c])]);
  const gathered = builder.node('Gather', [list, index], { axis: 1 });
  const sum = builder.node('ReduceSum', [gathered, builder.int64([2])], { keepdims: 0 });
  const planes = builder.node('Transpose', [sum], { perm: [0, 2, 1] });
  builder.node('Reshape', [planes, builder.int64(shape)], {}, outputs);
}

/** As `lowerFlipped`, on blocks of channels. Without groups, strides or cropping. */
function lowerBlocked({ builder, inputs, outputs, shapes }: Context, geometry: Geometry, block: BlockSize): void {
  const shape = shapes[1] as readonly number[];
  const kernel = blockedFlippedKernel(builder, inputs[1], shape, block);
  const padding = flippedPadding(geometry) as [number, number, number, number];
  const flipped = { kernel: geometry.kernel, stride: [1, 1], dilation: geometry.dilation, padding } as const;
  blockedConvolution(builder, { x: inputs[0], kernel, outputChannels: shape[1]!, geometry: flipped }, outputs);
}

/**
 * The gradient as a plain convolution with the kernel flipped by 180 degrees and its channel axes swapped inside each
 * group. Its padding d (k - 1) - p may be negative: then the gradient is cropped first.
 */
function lowerFlipped(context: Context, geometry: Geometry): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const [o, c, kh, kw] = shapes[1] as [number, number, number, number];
  const { groups, dilation } = attributes;
  const flipped = flippedKernel(builder, inputs[1], [groups, o / groups, c, kh * kw]);
  const kernel = builder.node('Reshape', [flipped, builder.int64([groups * c, o / groups, kh, kw])]);
  const pads = flippedPadding(geometry);
  const crop = pads.map((side) => Math.min(side, 0));
  const cropped = crop.some((side) => side < 0)
    ? builder.node('Pad', [inputs[0], builder.int64([0, 0, crop[0]!, crop[1]!, 0, 0, crop[2]!, crop[3]!])], {
        mode: 'constant',
      })
    : inputs[0];
  builder.node(
    'Conv',
    [cropped, kernel],
    {
      kernel_shape: [kh, kw],
      strides: [1, 1],
      dilations: dilation,
      pads: pads.map((side) => Math.max(side, 0)),
      group: groups,
    },
    outputs,
  );
}

/**
 * `[G, Og, Cg, taps]` to `[G, Cg, Og, taps]` with the taps reversed. Reversed by an exchange matrix: an order of
 * magnitude faster than a Slice with negative steps, and exact, since every sum has one term that is not zero.
 */
export function flippedKernel(
  builder: OnnxBuilder,
  w: string,
  shape: readonly [number, number, number, number],
): string {
  const [groups, o, c, taps] = shape;
  const grouped = builder.node('Reshape', [w, builder.int64([groups, o, c, taps])]);
  const swapped = builder.node('Transpose', [grouped], { perm: [0, 2, 1, 3] });
  if (taps === 1) return swapped;
  const exchange = Float32Array.from({ length: taps * taps }, (_, i) =>
    Math.floor(i / taps) + (i % taps) === taps - 1 ? 1 : 0,
  );
  const flat = builder.node('Reshape', [swapped, builder.int64([groups * o * c, taps])]);
  return builder.node('MatMul', [flat, builder.constant({ dtype: 'float32', shape: [taps, taps], data: exchange })]);
}
