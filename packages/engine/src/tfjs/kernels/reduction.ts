import { reduceMaxOp, reduceSumOp } from '@nats/graph';
import type { TfTensor } from '../module.js';
import { physicalAxis } from '../permutation.js';
import { type Kernels, kernel, physicalShape, type Run, reshape } from './kernel.js';

/** Longer sums are cut: the wasm backend adds one value after the other, in float32. */
const LONGEST_SUM = 512;

const sum = (run: Run, x: TfTensor, axis: number) => run('Sum', { x }, { axis: [axis], keepDims: true });

/** Sums along one axis, which stays with size 1. */
function sumAlong(run: Run, x: TfTensor, axis: number): TfTensor {
  const { shape } = x;
  const size = shape[axis]!;
  if (size <= LONGEST_SUM) return sum(run, x, axis);
  const rows = Math.floor(size / LONGEST_SUM);
  const part = (start: number, length: number) => {
    const begin = shape.map((_, i) => (i === axis ? start : 0));
    return run('Slice', { x }, { begin, size: shape.with(axis, length) });
  };
  const main = reshape(run, part(0, rows * LONGEST_SUM), shape.toSpliced(axis, 1, rows, LONGEST_SUM));
  const each = reshape(run, sum(run, main, axis + 1), shape.with(axis, rows));
  const total = sumAlong(run, each, axis);
  const rest = size - rows * LONGEST_SUM;
  if (rest === 0) return total;
  return run('Add', { a: total, b: sum(run, part(rows * LONGEST_SUM, rest), axis) });
}

export const reductionKernels: Kernels = [
  kernel(reduceSumOp, (context) => {
    const { run, inputs, attributes } = context;
    const { tensor, order } = inputs[0];
    let x = tensor;
    const axes = attributes.axes.map((axis) => physicalAxis(order, axis)).sort((a, b) => b - a);
    for (const axis of axes) x = sumAlong(run, x, axis);
    return run('Reshape', { x }, { shape: physicalShape(context) });
  }),

  kernel(reduceMaxOp, (context) => {
    const { run, inputs, attributes } = context;
    const { tensor, order } = inputs[0];
    const reductionIndices = attributes.axes.map((axis) => physicalAxis(order, axis)).sort((a, b) => a - b);
    const x = run('Max', { x: tensor }, { reductionIndices, keepDims: true });
    return run('Reshape', { x }, { shape: physicalShape(context) });
  }),
];
