import { type ContextOf, lowerPortably } from '@nats/export';
import type { conv2dOp, Shape } from '@nats/graph';
import { col2imPadding, forwardWay } from './choose.js';
import { columns, type Geometry } from './columns.js';
import { flippedKernel } from './convolution-grad-input.js';
import { sizeOfConvolution } from './geometry.js';
import { cheaperOrder, swapLast } from './order.js';

type Context = ContextOf<typeof conv2dOp>;

const known = (shape: Shape): shape is readonly number[] => shape.every((dimension) => typeof dimension === 'number');

export const forwardWays = {
  conv: (context: Context) => lowerPortably(context),
  im2col: lowerIm2col,
  col2im: lowerCol2im,
} as const;

/** Conv, for few output channels ConvTranspose, or for small maps one product over gathered columns. */
export function lowerForward(context: Context): void {
  const [x, w] = context.shapes as [Shape, readonly number[]];
  if (!known(x)) {
    forwardWays.conv(context);
    return;
  }
  const { geometry, size } = sizeOfConvolution(x, w, context.attributes);
  forwardWays[forwardWay(size)](context, geometry);
}

/** One product of the weight with the columns of each image, straight into NCHW. Without groups. */
function lowerIm2col({ builder, inputs, outputs, shapes }: Context, geometry: Geometry): void {
  const [x, w] = shapes as [readonly number[], readonly number[]];
  const [o, c, kh, kw] = w as [number, number, number, number];
  const [n, taps] = [x[0]!, kh * kw];
  const pixels = geometry.output[0] * geometry.output[1];
  const patches = columns(builder, inputs[0], x, 1, geometry, 'forward');
  const transposePatches = cheaperOrder(n * pixels, o) === 'channels-taps';
  const right = transposePatches ? swapLast(builder, patches, [n * pixels, taps, c]) : patches;
  const left = transposePatches ? inputs[1] : swapLast(builder, inputs[1], [o, c, taps]);
  const product = builder.node(
    'FusedMatMul',
    [
      builder.node('Reshape', [left, builder.int64([o, taps * c])]),
      builder.node('Reshape', [right, builder.int64([n, pixels, taps * c])]),
    ],
    { transB: 1 },
    undefined,
    'com.microsoft',
  );
  const bias = inputs[2];
  const sum = bias ? builder.node('Add', [product, builder.node('Reshape', [bias, builder.int64([o, 1])])]) : product;
  builder.node('Reshape', [sum, builder.int64([n, o, ...geometry.output])], {}, outputs);
}

/**
 * The products of all taps first, then their shifted sums: ConvTranspose with the kernel flipped. Its columns are those of
 * the output's channels, Conv's those of the input's. Without strides or groups.
 */
function lowerCol2im({ builder, inputs: [x, w, bias], outputs, shapes }: Context, geometry: Geometry): void {
  const [o, c, kh, kw] = shapes[1] as [number, number, number, number];
  const flipped = flippedKernel(builder, w, [1, o, c, kh * kw]);
  const kernel = builder.node('Reshape', [flipped, builder.int64([c, o, kh, kw])]);
  const window = {
    kernel_shape: [kh, kw],
    strides: [1, 1],
    dilations: geometry.dilation,
    pads: col2imPadding(geometry),
  };
  builder.node('ConvTranspose', bias === undefined ? [x, kernel] : [x, kernel, bias], window, outputs);
}
