import { type LoweringContext, type OnnxBuilder, portableLowerings } from '@nats/export';
import type { ConvolutionGradientAttributes } from '@nats/graph';
import { gradInputWay } from './choose.js';
import { columns, type Geometry } from './columns.js';
import { sizeOfConvolution } from './geometry.js';
import { productOfPatches } from './products.js';

type Context = LoweringContext<ConvolutionGradientAttributes>;

const WAYS = {
  transposed: (context: Context) => portableLowerings.convGradInput!.lower(context),
  flipped: lowerFlipped,
  columns: lowerColumns,
} as const;

export function lowerGradInput(context: Context): void {
  const { shapes, attributes } = context;
  const { geometry, size } = sizeOfConvolution(attributes.shape, shapes[1] as readonly number[], attributes);
  WAYS[gradInputWay(size)](context, geometry);
}

/** One product of the weight, turned to `[I, kh kw O]`, with the columns of the output's gradient. */
function lowerColumns({ builder, inputs, outputs, shapes, attributes }: Context, geometry: Geometry): void {
  const [g, w] = shapes as [readonly number[], readonly number[]];
  const [o, c, kh, kw] = w as [number, number, number, number];
  // OIHW is a matrix [O, I kh kw]: turned as a whole it is [I, kh kw, O].
  const matrix = builder.node('Reshape', [inputs[1]!, builder.int64([o, c * kh * kw])]);
  const turned = builder.node('Transpose', [matrix], { perm: [1, 0] });
  const rows = builder.node('Reshape', [turned, builder.int64([c, kh * kw * o])]);
  const patches = columns(builder, inputs[0]!, g, 1, geometry, 'backward');
  productOfPatches(builder, rows, patches, attributes.shape, kh * kw * o, outputs);
}

/**
 * The gradient as a plain convolution with the kernel turned by 180 degrees and its channel axes swapped inside each
 * group. Its padding d (k - 1) - p may be negative: then the gradient is cropped first.
 */
function lowerFlipped(context: Context, geometry: Geometry): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const [o, c, kh, kw] = shapes[1] as [number, number, number, number];
  const { groups, dilation, padding, shape } = attributes;
  const turned = turnedKernel(builder, inputs[1]!, [groups, o / groups, c, kh * kw]);
  const kernel = builder.node('Reshape', [turned, builder.int64([groups * c, o / groups, kh, kw])]);
  const reach = [dilation[0] * (kh - 1), dilation[1] * (kw - 1)] as const;
  const before = [reach[0] - padding[0], reach[1] - padding[1]] as const;
  // What is left of the input's size: pads after, which stride 1 makes equal to reach - padding.
  const after = [
    shape[2]! + reach[0] - before[0] - geometry.output[0],
    shape[3]! + reach[1] - before[1] - geometry.output[1],
  ] as const;
  const pads = [...before, ...after];
  const crop = pads.map((side) => Math.min(side, 0));
  const cropped = crop.some((side) => side < 0)
    ? builder.node('Pad', [inputs[0]!, builder.int64([0, 0, crop[0]!, crop[1]!, 0, 0, crop[2]!, crop[3]!])], {
        mode: 'constant',
      })
    : inputs[0]!;
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
function turnedKernel(builder: OnnxBuilder, w: string, shape: readonly [number, number, number, number]): string {
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
