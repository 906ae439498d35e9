import { logSoftmaxOp, matMulOp, softmaxOp } from '@nats/graph';
import { type Lowerings, lower } from '../lowering.js';

export const matmulLowerings: Lowerings = [
  lower(matMulOp, ({ builder, inputs: [a, b], outputs, shapes, attributes: { transposeA, transposeB } }) => {
    if (shapes[0].length === 2 && shapes[1].length === 2) {
      builder.node('Gemm', [a, b], { transA: Number(transposeA), transB: Number(transposeB) }, outputs);
      return;
    }
    const swapped = (name: string, rank: number) => {
      const perm = Array.from({ length: rank }, (_, axis) => axis);
      return builder.node('Transpose', [name], { perm: [...perm.slice(0, -2), rank - 1, rank - 2] });
    };
    const left = transposeA ? swapped(a, shapes[0].length) : a;
    const right = transposeB ? swapped(b, shapes[1].length) : b;
    builder.node('MatMul', [left, right], {}, outputs);
  }),
  lower(softmaxOp, ({ builder, inputs, outputs, attributes: { axis } }) => {
    builder.node('Softmax', inputs, { axis }, outputs);
  }),
  lower(logSoftmaxOp, ({ builder, inputs, outputs, attributes: { axis } }) => {
    builder.node('LogSoftmax', inputs, { axis }, outputs);
  }),
];
