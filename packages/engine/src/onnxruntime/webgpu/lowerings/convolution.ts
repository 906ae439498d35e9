import { type ContextOf, type Lowerings, lower, lowerPortably, type OnnxBuilder } from '@nats/export';
import { convGradInputOp, convGradWeightOp } from '@nats/graph';
import { backwardTable, forwardTable } from '../../lowerings/columns.js';
import { sizeOfConvolution } from '../../lowerings/geometry.js';
import { once } from '../../lowerings/memo.js';

type GradInput = ContextOf<typeof convGradInputOp>;

/** `[N, C, H, W]` to `[N, C, H W + 1]`: its pixels in a row, and a zero that padding reads. */
function withZero(builder: OnnxBuilder, x: string, [n, c, h, w]: readonly number[]): string {
  return once(builder, `with zero ${x}`, () => {
    const flat = builder.node('Reshape', [x, builder.int64([n!, c!, h! * w!])]);
    return builder.node('Pad', [flat, builder.int64([0, 0, 0, 0, 0, 1])], { mode: 'constant' });
  });
}

/** A table of positions, shared by all nodes that need it; `transposed` from `[rows, columns]` to `[columns, rows]`. */
export function table(builder: OnnxBuilder, key: string, make: () => Int32Array, shape: readonly [number, number]) {
  return once(builder, `positions ${key}`, () => {
    const [rows, columns] = shape;
    const data = make();
    const transposed = Int32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
    return builder.constant({ dtype: 'int32', shape: [columns, rows], data: transposed });
  });
}

/**
 * For each image one product over its pixels, of what the kernel's taps see with the gradient, then the sum over images.
 * What the taps see is one Gather: a node where slices would take 27, and every node costs time on the host.
 */
function lowerGradWeight({ builder, inputs, outputs, shapes, attributes }: ContextOf<typeof convGradWeightOp>): void {
  const [g, x] = shapes as [readonly number[], readonly number[]];
  const { shape, groups } = attributes;
  const [o, perGroup, kh, kw] = shape as [number, number, number, number];
  const { geometry } = sizeOfConvolution(x, shape, attributes);
  const [n, taps, pixels] = [g[0]!, kh * kw, g[2]! * g[3]!];
  const key = `forward ${JSON.stringify(geometry)}`;
  const positions = table(builder, key, () => forwardTable(geometry), [pixels, taps]);
  const seen = builder.node('Gather', [withZero(builder, inputs[1], x), positions], { axis: 2 });
  const rows = builder.node('Reshape', [seen, builder.int64([n, groups, perGroup * taps, pixels])]);
  const planes = builder.node('Reshape', [inputs[0], builder.int64([n, groups, o / groups, pixels])]);
  const columns = builder.node('Transpose', [planes], { perm: [0, 1, 3, 2] });
  const products = builder.node('MatMul', [rows, columns]);
  const sum = builder.node('ReduceSum', [products, builder.int64([0])], { keepdims: 0 });
  const transposed = builder.node('Transpose', [sum], { perm: [0, 2, 1] });
  builder.node('Reshape', [transposed, builder.int64(shape)], {}, outputs);
}

/**
 * The convolution of the gradient with the flipped kernel; a stride's zeros and the padding are put between the gradient's
 * pixels by one Gather. Where there are neither groups nor a kernel larger than the stride's gaps need it, the provider's
 * transposed convolution does it.
 */
function lowerGradInput(context: GradInput): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const { groups, stride, dilation, shape } = attributes;
  const [g, w] = shapes as [readonly number[], readonly number[]];
  const strided = stride.some((step) => step > 1);
  if (groups === 1 && strided) {
    lowerPortably(context);
    return;
  }
  const [o, c, kh, kw] = w as [number, number, number, number];
  const { geometry } = sizeOfConvolution(shape, w, attributes);
  const reach = [dilation[0] * (kh - 1), dilation[1] * (kw - 1)] as const;
  const before = [reach[0] - geometry.padding[0], reach[1] - geometry.padding[1]] as const;
  const wide = [shape[2]! + reach[0], shape[3]! + reach[1]] as const;
  const after = [wide[0] - before[0] - g[2]!, wide[1] - before[1] - g[3]!] as const;
  const plain = !strided && [...before, ...after].every((side) => side >= 0);
  const image = plain ? inputs[0] : spread(context, geometry, before, wide);
  builder.node(
    'Conv',
    [image, flippedKernel(builder, inputs[1], [groups, o / groups, c, kh, kw])],
    {
      kernel_shape: [kh, kw],
      strides: [1, 1],
      dilations: dilation,
      pads: plain ? [...before, ...after] : [0, 0, 0, 0],
      group: groups,
    },
    outputs,
  );
}

/** `[N, O, H', W']` to `[N, O, ...wide]`: pixel (y, x) comes to (before + stride y, before + stride x), all else is 0. */
function spread(
  { builder, inputs, shapes }: GradInput,
  geometry: ReturnType<typeof sizeOfConvolution>['geometry'],
  before: readonly [number, number],
  wide: readonly [number, number],
): string {
  const g = shapes[0] as readonly number[];
  // A 1x1 convolution whose padding is `before` reads each output pixel where it has to come to.
  const single = { ...geometry, input: wide, output: [g[2]!, g[3]!], kernel: [1, 1], dilation: [1, 1] } as const;
  const padding = [-before[0], -before[1], 0, 0] as const;
  const size = wide[0] * wide[1];
  const positions = table(
    builder,
    `spread ${JSON.stringify({ ...single, padding })}`,
    () => backwardTable({ ...single, padding }),
    [size, 1],
  );
  const flat = builder.node('Reshape', [positions, builder.int64([size])]);
  const all = builder.node('Gather', [withZero(builder, inputs[0], g), flat], { axis: 2 });
  return builder.node('Reshape', [all, builder.int64([g[0]!, g[1]!, ...wide])]);
}

/** `[G Og, Cg, kh, kw]` to `[G Cg, Og, kh, kw]`, taps in reverse. */
function flippedKernel(builder: OnnxBuilder, w: string, shape: readonly [number, number, number, number, number]) {
  return once(builder, `flipped ${w}`, () => {
    const [groups, o, c, kh, kw] = shape;
    const taps = kh * kw;
    const grouped = builder.node('Reshape', [w, builder.int64([groups, o, c, taps])]);
    const swapped = builder.node('Transpose', [grouped], { perm: [0, 2, 1, 3] });
    const data = Int32Array.from({ length: taps }, (_, i) => taps - 1 - i);
    const reverse = builder.constant({ dtype: 'int32', shape: [taps], data });
    const flipped = taps === 1 ? swapped : builder.node('Gather', [swapped, reverse], { axis: 3 });
    return builder.node('Reshape', [flipped, builder.int64([groups * c, o, kh, kw])]);
  });
}

export const convolutionLowerings: Lowerings = [
  lower(convGradInputOp, lowerGradInput),
  lower(convGradWeightOp, lowerGradWeight),
];
