import { broadcastShapes, matMulOp, sizeOf } from '@nats/graph';
import type { TfTensor } from '../module.js';
import { expand, type Kernels, kernel, type Run, reshape } from './kernel.js';

const multiply = (run: Run, a: TfTensor, b: TfTensor) =>
  run('BatchMatMul', { a, b }, { transposeA: false, transposeB: false });

/**
 * One product where the second factor is one matrix: stacks of rows are rows. As a 1x1 convolution, since the wasm
 * backend's BatchMatMul keeps the packed second factor by its memory, whatever its shape: memory that is a factor under
 * two shapes gives wrong products.
 */
function productOfRows(run: Run, a: TfTensor, b: TfTensor): TfTensor {
  const [k, n] = b.shape.slice(-2) as [number, number];
  const x = reshape(run, a, [1, sizeOf(a.shape) / k, 1, k]);
  const filter = reshape(run, b, [1, 1, k, n]);
  return run('Conv2D', { x, filter }, { strides: [1, 1], dilations: [1, 1], pad: 'valid', dataFormat: 'NHWC' });
}

export const matmulKernels: Kernels = [
  kernel(matMulOp, ({ run, inputs, shape }) => {
    // As they are multiplied: factors that are meant transposed lie in memory in the other order.
    const [a, b] = [inputs[0].tensor, inputs[1].tensor];
    const [m, k] = a.shape.slice(-2) as [number, number];
    const n = b.shape.at(-1)!;
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    if (sizeOf(batchB) === 1) {
      return run('Reshape', { x: productOfRows(run, a, b) }, { shape });
    }
    const batch = broadcastShapes(batchA, batchB) as number[];
    const all = (x: TfTensor, own: readonly number[]) =>
      reshape(run, expand(run, x, [...batch, ...own]), [sizeOf(batch), ...own]);
    return run('Reshape', { x: multiply(run, all(a, [m, k]), all(b, [k, n])) }, { shape });
  }),
];
