import { reduceMaxOp, reduceSumOp } from '@nats/graph';
import { type Lowerings, lower } from '../lowering.js';

export const reductionLowerings: Lowerings = [
  // In two stages, trailing axes first: float32 sums over very large tensors lose digits in one (onnxruntime#28450).
  lower(reduceSumOp, ({ builder, inputs, outputs, attributes: { axes, keepDims } }) => {
    const inner = axes.filter((axis) => axis >= 2);
    const outer = axes.filter((axis) => axis < 2);
    if (inner.length === 0 || outer.length === 0) {
      builder.node('ReduceSum', [inputs[0], builder.int64(axes)], { keepdims: Number(keepDims) }, outputs);
      return;
    }
    const first = builder.node('ReduceSum', [inputs[0], builder.int64(inner)], { keepdims: Number(keepDims) });
    builder.node('ReduceSum', [first, builder.int64(outer)], { keepdims: Number(keepDims) }, outputs);
  }),
  lower(reduceMaxOp, ({ builder, inputs, outputs, attributes: { axes, keepDims } }) => {
    builder.node('ReduceMax', inputs, { axes, keepdims: Number(keepDims) }, outputs);
  }),
];
