import {
  channelDilationGradInputOp,
  channelDilationGradWeightOp,
  conv2dByChannelDilationOp,
  convolutionOutputSize,
  type Pair,
} from '@nats/graph';
import { TensorProto_DataType } from 'onnx-buf';
import { type Lowerings, lower } from '../lowering.js';
import type { OnnxBuilder } from '../onnx-builder.js';

/** Names of int64 vectors that say which output channels have a genotype, and where each channel is in the concatenation. */
interface ChannelGroups {
  /** Per genotype, the channels that have it and one more: channel O, which is all zeros, so that none is empty. */
  readonly members: readonly string[];
  /** `[O]`: position of each channel in the concatenation of all genotypes' channels. */
  readonly positions: string;
}

function channelGroups(builder: OnnxBuilder, index: string, genotypes: number, channels: number): ChannelGroups {
  const members: string[] = [];
  let positions: string | undefined;
  let start = builder.int64([0]);
  const extra = builder.int64([channels]);
  for (let g = 0; g < genotypes; g++) {
    const value = builder.constant({ dtype: 'int32', shape: [], data: Int32Array.of(g) });
    const mask = builder.node('Equal', [index, value]);
    const own = builder.node('Reshape', [builder.node('NonZero', [mask]), builder.int64([-1])]);
    members.push(builder.node('Concat', [own, extra], { axis: 0 }));
    const ones = builder.node('Cast', [mask], { to: TensorProto_DataType.INT64 });
    // A channel's rank among those of its genotype, from 0, behind all channels of the genotypes before.
    const rank = builder.node(
      'CumSum',
      [ones, builder.constant({ dtype: 'int32', shape: [], data: Int32Array.of(0) })],
      { exclusive: 1 },
    );
    const position = builder.node('Mul', [builder.node('Add', [rank, start]), ones]);
    positions = positions === undefined ? position : builder.node('Add', [positions, position]);
    if (g + 1 < genotypes) {
      const count = builder.node('ReduceSum', [ones, builder.int64([0])], { keepdims: 1 });
      start = builder.node('Add', [builder.node('Add', [start, count]), builder.int64([1])]);
    }
  }
  return { members, positions: positions! };
}

/** Weight `[O, I, kh, kw]` with a row of zeros behind it, which is what the extra member of each genotype reads. */
function withZeroRow(builder: OnnxBuilder, w: string, shape: readonly number[]): string {
  const row = [1, ...shape.slice(1)];
  const size = row.reduce((product, dimension) => product * dimension, 1);
  const zeros = builder.constant({ dtype: 'float32', shape: row, data: new Float32Array(size) });
  return builder.node('Concat', [w, zeros], { axis: 0 });
}

function window(kernel: readonly number[], [dh, dw]: Pair, stride: Pair) {
  const [top, left] = [(dh * (kernel[0]! - 1)) / 2, (dw * (kernel[1]! - 1)) / 2];
  return { kernel_shape: kernel, strides: stride, dilations: [dh, dw], pads: [top, left, top, left] };
}

/** The members of a genotype as channels of a feature map; the extra one reads channel 0 and meets a weight of zeros. */
function featureChannels(builder: OnnxBuilder, x: string, members: string, channels: number, axis: number): string {
  const inside = builder.node('Mod', [members, builder.int64([channels])]);
  return builder.node('Gather', [x, inside], { axis });
}

export const channelDilationLowerings: Lowerings = [
  lower(conv2dByChannelDilationOp, ({ builder, inputs, outputs, shapes, attributes }) => {
    const [x, w, index] = inputs;
    const weight = shapes[1] as number[];
    const { genotypes, stride } = attributes;
    const { members, positions } = channelGroups(builder, index, genotypes.length, weight[0]!);
    const rows = withZeroRow(builder, w, weight);
    const parts = genotypes.map((dilation, g) => {
      const own = builder.node('Gather', [rows, members[g]!], { axis: 0 });
      return builder.node('Conv', [x, own], window(weight.slice(2), dilation, stride));
    });
    builder.node('Gather', [builder.node('Concat', parts, { axis: 1 }), positions], { axis: 1 }, outputs);
  }),

  lower(channelDilationGradInputOp, ({ builder, inputs, outputs, shapes, attributes }) => {
    const [g, w, index] = inputs;
    const weight = shapes[1] as number[];
    const { genotypes, stride, shape } = attributes;
    const { members } = channelGroups(builder, index, genotypes.length, weight[0]!);
    const rows = withZeroRow(builder, w, weight);
    const parts = genotypes.map((dilation, i) => {
      const own = builder.node('Gather', [rows, members[i]!], { axis: 0 });
      const gradient = featureChannels(builder, g, members[i]!, weight[0]!, 1);
      // Padding keeps the kernel centered, so what a stride leaves unread is (size - 1) mod stride.
      const unread = [(shape[2]! - 1) % stride[0], (shape[3]! - 1) % stride[1]];
      const attributesOf = { ...window(weight.slice(2), dilation, stride), output_padding: unread };
      return builder.node('ConvTranspose', [gradient, own], attributesOf);
    });
    builder.node('Sum', parts, {}, outputs);
  }),

  lower(channelDilationGradWeightOp, ({ builder, inputs, outputs, shapes, attributes }) => {
    const [g, x, index] = inputs;
    const { genotypes, stride, shape } = attributes;
    const [channels, perChannel, kh, kw] = shape as [number, number, number, number];
    const [n, , oh, ow] = shapes[0] as [number, number, number, number];
    const { members, positions } = channelGroups(builder, index, genotypes.length, channels);
    const pixels = n * oh * ow;
    const flat = builder.node('Reshape', [
      builder.node('Transpose', [g], { perm: [1, 0, 2, 3] }),
      builder.int64([channels, pixels]),
    ]);
    const planes = builder.node('Transpose', [x], { perm: [1, 0, 2, 3] });
    const parts = genotypes.map((dilation, i) => {
      const taps = tapColumns(builder, planes, shapes[1] as number[], [kh, kw], dilation, stride);
      const columns = builder.node('Reshape', [taps, builder.int64([perChannel * kh * kw, pixels])]);
      const own = featureChannels(builder, flat, members[i]!, channels, 0);
      return builder.node('Gemm', [own, columns], { transB: 1 });
    });
    const ordered = builder.node('Gather', [builder.node('Concat', parts, { axis: 0 }), positions], { axis: 0 });
    builder.node('Reshape', [ordered, builder.int64(shape)], {}, outputs);
  }),
];

/** `[C, kh kw, N, H', W']`: what each tap of a centered kernel sees, from `[C, N, H, W]`. */
function tapColumns(
  builder: OnnxBuilder,
  planes: string,
  xShape: readonly number[],
  [kh, kw]: readonly [number, number],
  dilation: Pair,
  stride: Pair,
): string {
  const [top, left] = [(dilation[0] * (kh - 1)) / 2, (dilation[1] * (kw - 1)) / 2];
  const oh = convolutionOutputSize(xShape[2]!, kh, stride[0], 2 * top, dilation[0]);
  const ow = convolutionOutputSize(xShape[3]!, kw, stride[1], 2 * left, dilation[1]);
  const padded = builder.node('Pad', [planes, builder.int64([0, 0, top, left, 0, 0, top, left])], { mode: 'constant' });
  const taps = Array.from({ length: kh * kw }, (_, tap) => {
    const [y, x] = [Math.floor(tap / kw) * dilation[0], (tap % kw) * dilation[1]];
    const cut = builder.node('Slice', [
      padded,
      builder.int64([y, x]),
      builder.int64([y + (oh - 1) * stride[0] + 1, x + (ow - 1) * stride[1] + 1]),
      builder.int64([2, 3]),
      builder.int64([...stride]),
    ]);
    return builder.node('Unsqueeze', [cut, builder.int64([1])]);
  });
  return taps.length === 1 ? taps[0]! : builder.node('Concat', taps, { axis: 1 });
}
