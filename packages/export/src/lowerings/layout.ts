import {
  broadcastToOp,
  concatOp,
  padOp,
  reshapeOp,
  reverseOp,
  type Shape,
  sliceOp,
  splitOp,
  tensorData,
  transposeOp,
} from '@nats/graph';
import { type ContextOf, type Lowerings, lower } from '../lowering.js';
import type { OnnxBuilder } from '../onnx-builder.js';

/** A position past every end, as ONNX's Slice allows. */
const END = 2 ** 40;

/** The first dimension of a value, int64 `[1]`. */
export function batchOf(builder: OnnxBuilder, x: string): string {
  return builder.node('Slice', [builder.node('Shape', [x]), builder.int64([0]), builder.int64([1])]);
}

/** Whether it is `[N, C, H, 1, W, 1]` that is stretched to `[N, C, H, factor, W, factor]`: nearest-neighbor upsampling. */
function repeatsPixels(from: Shape, to: Shape): boolean {
  return (
    from.length === 6 &&
    [0, 1, 2, 4].every((axis) => from[axis] === to[axis] && to[axis] !== 0) &&
    [3, 5].every((axis) => from[axis] === 1 && to[axis] !== 0)
  );
}

/** Resize copies the same pixels in a twentieth of Expand's time. */
function lowerRepeatedPixels({
  builder,
  inputs,
  outputs,
  attributes: { shape },
}: ContextOf<typeof broadcastToOp>): void {
  const [, c, h, down, w, across] = shape as readonly number[];
  const map = builder.node('Reshape', [inputs[0], builder.int64([0, c!, h!, w!])]);
  const rule = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  const repeated = builder.node('Resize', [map, '', builder.float([1, 1, down!, across!])], rule);
  builder.node('Reshape', [repeated, builder.int64([0, c!, h!, down!, w!, across!])], {}, outputs);
}

export const layoutLowerings: Lowerings = [
  // 0 copies a dimension of the input: a leading batch 'N' stays what it is. Beside a real 0 it is read at run time.
  lower(reshapeOp, ({ builder, inputs, outputs, attributes: { shape } }) => {
    const empty = shape.includes(0);
    const target = shape.map((dimension) => (dimension === 'N' ? 0 : dimension));
    const known =
      empty && shape[0] === 'N'
        ? builder.node('Concat', [batchOf(builder, inputs[0]), builder.int64(target.slice(1))], { axis: 0 })
        : builder.int64(target);
    builder.node('Reshape', [inputs[0], known], empty ? { allowzero: 1 } : {}, outputs);
  }),
  lower(transposeOp, ({ builder, inputs, outputs, attributes }) => {
    builder.node('Transpose', inputs, { perm: attributes.permutation }, outputs);
  }),
  // Expand broadcasts both ways, so 1 keeps a batch 'N'.
  lower(broadcastToOp, (context) => {
    const { builder, inputs, outputs, node, attributes } = context;
    const [[x], { shape }] = [node.inputs, attributes];
    if (x!.dtype === 'float32' && repeatsPixels(x!.shape, shape)) {
      lowerRepeatedPixels(context);
      return;
    }
    const target = shape.map((dimension) => (dimension === 'N' ? 1 : dimension));
    builder.node('Expand', [inputs[0], builder.int64(target)], {}, outputs);
  }),
  lower(concatOp, ({ builder, inputs, outputs, attributes: { axis } }) => {
    builder.node('Concat', inputs, { axis }, outputs);
  }),
  lower(sliceOp, ({ builder, inputs, outputs, shapes, attributes: { starts, sizes, steps } }) => {
    const axes = starts.flatMap((start, axis) =>
      start === 0 && sizes[axis] === shapes[0][axis] && steps[axis] === 1 ? [] : [axis],
    );
    if (axes.length === 0) {
      builder.node('Identity', inputs, {}, outputs);
      return;
    }
    const size = (axis: number) => sizes[axis] as number;
    const end = (axis: number) =>
      size(axis) === 0 ? starts[axis]! : starts[axis]! + (size(axis) - 1) * steps[axis]! + 1;
    builder.node(
      'Slice',
      [
        inputs[0],
        builder.int64(axes.map((axis) => starts[axis]!)),
        builder.int64(axes.map(end)),
        builder.int64(axes),
        builder.int64(axes.map((axis) => steps[axis]!)),
      ],
      {},
      outputs,
    );
  }),
  lower(splitOp, ({ builder, inputs, outputs, attributes: { axis, sizes } }) => {
    builder.node('Split', [inputs[0], builder.int64(sizes)], { axis }, outputs);
  }),
  lower(padOp, ({ builder, inputs, outputs, node, attributes: { padding, value } }) => {
    const pads = [...padding.map(([before]) => before), ...padding.map(([, after]) => after)];
    const fill = builder.constant(tensorData(node.outputs[0]!.dtype, [], [value]));
    builder.node('Pad', [inputs[0], builder.int64(pads), fill], { mode: 'constant' }, outputs);
  }),
  lower(reverseOp, ({ builder, inputs, outputs, shapes, attributes: { axes } }) => {
    // ONNX's shape inference counts one element too many for nothing.
    if (shapes[0].includes(0)) {
      builder.node('Identity', inputs, {}, outputs);
      return;
    }
    const each = (value: number) => builder.int64(axes.map(() => value));
    builder.node('Slice', [inputs[0], each(-1), each(-END), builder.int64(axes), each(-1)], {}, outputs);
  }),
];
