import { type ContextOf, lowerPortably } from '@nats/export';
import type { convGradWeightOp } from '@nats/graph';
import { gradWeightWay } from './choose.js';
import { channelRows, columns, type Geometry, tapRanges } from './columns.js';
import { sizeOfConvolution } from './geometry.js';
import { cheaperOrder, swapLast } from './order.js';

type Context = ContextOf<typeof convGradWeightOp>;

export const gradWeightWays = {
  slices: (context: Context) => lowerPortably(context),
  batchChannelTranspose: lowerBatchChannelTranspose,
  im2col: (context: Context, geometry: Geometry) => lowerIm2col(context, geometry),
  gatherAccumulate: lowerGatherAccumulate,
} as const;

export function lowerGradWeight(context: Context): void {
  const { shapes, attributes } = context;
  const { geometry, size } = sizeOfConvolution(shapes[1] as readonly number[], attributes.shape, attributes);
  gradWeightWays[gradWeightWay(size)](context, geometry);
}

/** Up to this many output channels the product is faster the other way round: matrices with few rows are slow. */
const NARROW = 128;

/**
 * Numbers of columns that are there at a time, 48 MB: of all taps they would be nine feature maps, 740 MB of a region proposal
 * network's at 800 x 800 pixels.
 */
const MOST_COLUMNS = 12 * 2 ** 20;

/**
 * For each group one product over all pixels: the gradient's channels by the input's gathered columns. Of large maps for some taps at
 * a time, which changes no bit where a part has 128 columns or more (of fewer, MLAS adds up in longer runs).
 * @param most numbers of columns at a time
 */
export function lowerIm2col(context: Context, geometry: Geometry, most = MOST_COLUMNS): void {
  const { builder, outputs, shapes, attributes } = context;
  const [g, x] = shapes as [readonly number[], readonly number[]];
  const { shape, groups } = attributes;
  const [o, c, kh, kw] = shape as [number, number, number, number];
  const taps = kh * kw;
  const pixels = g[0]! * g[2]! * g[3]!;
  const gradient = channelRows(builder, context.inputs[0], g, groups);
  const join = (parts: readonly string[], axis: number) =>
    parts.length === 1 ? parts[0]! : builder.node('Concat', parts, { axis });
  if (groups === 1 && o <= NARROW) {
    const right = builder.node('Reshape', [gradient, builder.int64([o, pixels])]);
    const products = tapRanges(taps, pixels * c, most).map((part) => {
      const patches = columns(builder, context.inputs[1], x, groups, geometry, 'forward', part);
      const rows = builder.node('Reshape', [patches, builder.int64([pixels, (part[1] - part[0]) * c])]);
      return builder.node('Gemm', [rows, right], { transA: 1, transB: 1 });
    });
    const split = builder.node('Reshape', [join(products, 0), builder.int64([taps, c, o])]);
    const transposed = builder.node('Transpose', [split], { perm: [2, 1, 0] });
    builder.node('Reshape', [transposed, builder.int64(shape)], {}, outputs);
    return;
  }
  const lead = groups === 1 ? [] : [groups];
  const left = builder.node('Reshape', [gradient, builder.int64([...lead, o / groups, pixels])]);
  const product = (right: string, width: number) =>
    builder.node('MatMul', [left, builder.node('Reshape', [right, builder.int64([...lead, pixels, width])])]);
  if (groups === 1 && cheaperOrder(pixels, o) === 'channels-taps') {
    const patches = columns(builder, context.inputs[1], x, groups, geometry, 'forward');
    const whole = product(swapLast(builder, patches, [pixels, taps, c]), taps * c);
    builder.node('Reshape', [whole, builder.int64(shape)], {}, outputs);
    return;
  }
  const products = tapRanges(taps, groups * pixels * c, most).map((part) =>
    product(columns(builder, context.inputs[1], x, groups, geometry, 'forward', part), (part[1] - part[0]) * c),
  );
  const transposed = swapLast(builder, join(products, lead.length + 1), [o, taps, c]);
  builder.node('Reshape', [transposed, builder.int64(shape)], {}, outputs);
}

/**
 * The gradient's gathered columns by the input's channels: what each input pixel gives, tap by tap. For fewer output than
 * input channels: the columns are the narrower ones. Without strides or groups.
 */
function lowerGatherAccumulate({ builder, inputs, outputs, shapes, attributes }: Context, geometry: Geometry): void {
  const [g, x] = shapes as [readonly number[], readonly number[]];
  const [o, c, kh, kw] = attributes.shape as [number, number, number, number];
  const [pixels, taps] = [x[0]! * x[2]! * x[3]!, kh * kw];
  const patches = columns(builder, inputs[0], g, 1, geometry, 'backward');
  const product = builder.node(
    'Gemm',
    [
      builder.node('Reshape', [patches, builder.int64([pixels, taps * o])]),
      builder.node('Reshape', [channelRows(builder, inputs[1], x, 1), builder.int64([c, pixels])]),
    ],
    { transA: 1, transB: 1 },
  );
  const split = builder.node('Reshape', [product, builder.int64([taps, o, c])]);
  const transposed = builder.node('Transpose', [split], { perm: [1, 2, 0] });
  builder.node('Reshape', [transposed, builder.int64(attributes.shape)], {}, outputs);
}

/**
 * A convolution whose batch is the input's channels, whose channels are the batch, and whose kernel is the gradient,
 * dilated by the stride: for few input channels, where rows of channels are too short to be gathered. A strided
 * convolution may leave rows unread at the end: negative padding crops them.
 */
function lowerBatchChannelTranspose(context: Context): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const [g, x] = shapes as [readonly number[], readonly number[]];
  const { shape, stride, padding, dilation } = attributes;
  const [, , kh, kw] = shape as [number, number, number, number];
  const swap = (name: string) => builder.node('Transpose', [name], { perm: [1, 0, 2, 3] });
  // The result must have kh (kw) positions: a window of the gradient's reach moves by dilation (kh - 1) in all.
  const after = (axis: 0 | 1, kernel: number) =>
    dilation[axis] * (kernel - 1) + stride[axis] * (g[2 + axis]! - 1) + 1 - x[2 + axis]! - padding[axis];
  const ends = [after(0, kh), after(1, kw)];
  const crop = ends.map((side) => Math.min(side, 0));
  const image = swap(inputs[1]);
  const cropped = crop.some((side) => side < 0)
    ? builder.node('Pad', [image, builder.int64([0, 0, 0, 0, 0, 0, crop[0]!, crop[1]!])], { mode: 'constant' })
    : image;
  const product = builder.node('Conv', [cropped, swap(inputs[0])], {
    kernel_shape: [g[2]!, g[3]!],
    dilations: stride,
    strides: dilation,
    pads: [padding[0], padding[1], Math.max(ends[0]!, 0), Math.max(ends[1]!, 0)],
  });
  builder.node('Transpose', [product], { perm: [1, 0, 2, 3] }, outputs);
}
