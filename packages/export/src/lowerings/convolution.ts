import {
  type ConvolutionAttributes,
  conv2dOp,
  convGradInputOp,
  convGradWeightOp,
  convolutionOutputSize,
} from '@nats/graph';
import { type ContextOf, type Lowerings, lower } from '../lowering.js';
import type { OnnxBuilder } from '../onnx-builder.js';

function window({ stride, padding, dilation, groups }: ConvolutionAttributes, kernel: readonly number[]) {
  return { kernel_shape: kernel, strides: stride, pads: padding, dilations: dilation, group: groups };
}

/**
 * The transposed convolution, for any stride, padding, dilation and groups. output_padding makes up for the rows
 * and columns that a strided convolution never read at the end: (H + p0 + p1 - d (k - 1) - 1) mod s.
 */
function lowerConvGradInput(context: ContextOf<typeof convGradInputOp>): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const [kh, kw] = shapes[1].slice(2) as [number, number];
  const { stride, padding, dilation, shape } = attributes;
  const rest = (axis: number, kernel: number) =>
    (shape[2 + axis]! + padding[axis]! + padding[2 + axis]! - dilation[axis]! * (kernel - 1) - 1) % stride[axis]!;
  builder.node(
    'ConvTranspose',
    inputs,
    { ...window(attributes, [kh, kw]), output_padding: [rest(0, kh), rest(1, kw)] },
    outputs,
  );
}

/**
 * A matrix product over all pixels: the input's taps as columns (im2col), with channels outermost, so that the result
 * lands in OIHW. Grouped convolutions do it as one batched product over groups.
 */
function lowerConvGradWeight(context: ContextOf<typeof convGradWeightOp>): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const [g, x] = inputs;
  const [n, o, oh, ow] = shapes[0] as [number, number, number, number];
  const { shape, groups } = attributes;
  const pixels = n * oh * ow;
  const [, perGroup, kh, kw] = shape as [number, number, number, number];
  const gradient = builder.node('Reshape', [channelsFirst(builder, g), builder.int64([groups, o / groups, pixels])]);
  const taps = tapColumns(builder, x, shapes[1] as number[], shape, attributes);
  const columns = builder.node('Reshape', [taps, builder.int64([groups, perGroup * kh * kw, pixels])]);
  const transposed = builder.node('Transpose', [columns], { perm: [0, 2, 1] });
  const product = builder.node('MatMul', [gradient, transposed]);
  builder.node('Reshape', [product, builder.int64(shape)], {}, outputs);
}

function channelsFirst(builder: OnnxBuilder, x: string): string {
  return builder.node('Transpose', [x], { perm: [1, 0, 2, 3] });
}

/** `[C, kh * kw, N, oh, ow]`: what each kernel tap sees, for every output pixel. */
function tapColumns(
  builder: OnnxBuilder,
  x: string,
  xShape: readonly number[],
  kernel: readonly number[],
  { stride, padding, dilation }: ConvolutionAttributes,
): string {
  const [, , h, w] = xShape as [number, number, number, number];
  const [, , kh, kw] = kernel as [number, number, number, number];
  const oh = convolutionOutputSize(h, kh, stride[0], padding[0] + padding[2], dilation[0]);
  const ow = convolutionOutputSize(w, kw, stride[1], padding[1] + padding[3], dilation[1]);
  const moved = channelsFirst(builder, x);
  const pads = [0, 0, padding[0], padding[1], 0, 0, padding[2], padding[3]];
  const padded = pads.some((size) => size > 0)
    ? builder.node('Pad', [moved, builder.int64(pads)], { mode: 'constant' })
    : moved;
  const taps: string[] = [];
  for (let kx = 0; kx < kw; kx++) {
    const startX = kx * dilation[1];
    const columns = cut(builder, padded, 3, startX, startX + (ow - 1) * stride[1] + 1, stride[1]);
    for (let ky = 0; ky < kh; ky++) {
      const startY = ky * dilation[0];
      const tap = cut(builder, columns, 2, startY, startY + (oh - 1) * stride[0] + 1, stride[0]);
      taps[ky * kw + kx] = builder.node('Unsqueeze', [tap, builder.int64([1])]);
    }
  }
  return taps.length === 1 ? taps[0]! : builder.node('Concat', taps, { axis: 1 });
}

function cut(builder: OnnxBuilder, x: string, axis: number, start: number, end: number, step: number): string {
  return builder.node('Slice', [
    x,
    builder.int64([start]),
    builder.int64([end]),
    builder.int64([axis]),
    builder.int64([step]),
  ]);
}

export const convolutionLowerings: Lowerings = [
  lower(conv2dOp, ({ builder, inputs: [x, w, bias], outputs, shapes, attributes }) => {
    builder.node(
      'Conv',
      bias === undefined ? [x, w] : [x, w, bias],
      window(attributes, shapes[1].slice(2) as number[]),
      outputs,
    );
  }),
  lower(convGradInputOp, lowerConvGradInput),
  lower(convGradWeightOp, lowerConvGradWeight),
];
