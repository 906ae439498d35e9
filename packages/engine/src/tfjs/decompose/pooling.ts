import {
  type AveragePoolingAttributes,
  add,
  and,
  averagePool2dOp,
  constant,
  conv2d,
  equal,
  fill,
  greater,
  matMul,
  maxPool2dOp,
  maxPoolGradOp,
  multiply,
  not,
  or,
  type Pair,
  type PoolingAttributes,
  pad,
  reluGradOp,
  resizeBilinearOp,
  select,
  slice,
  type Tensor,
  tensorData,
  transpose,
} from '@nats/graph';
import { type Decompositions, decomposition, type InputsOf } from './decomposition.js';
import { insertZeros } from './insert-zeros.js';

/** One over how many values of a line each window's mean is taken, along one axis. */
function shares(size: number, windows: number, axis: 0 | 1, attributes: AveragePoolingAttributes): Float32Array {
  const { kernel, stride, padding, countPadding } = attributes;
  return Float32Array.from({ length: windows }, (_, window) => {
    if (countPadding) return 1 / kernel[axis];
    const start = window * stride[axis] - padding[axis];
    return 1 / (Math.min(start + kernel[axis], size) - Math.max(start, 0));
  });
}

/** A convolution of each channel by itself with ones. */
function average([x]: InputsOf<typeof averagePool2dOp>, attributes: AveragePoolingAttributes): Tensor {
  const { kernel, stride, padding } = attributes;
  const groups = x.shape[1] as number;
  const sums = conv2d(x, fill([groups, 1, ...kernel], 1), { stride, padding, groups });
  const [oh, ow] = sums.shape.slice(2) as [number, number];
  const rows = constant(tensorData('float32', [oh, 1], shares(x.shape[2] as number, oh, 0, attributes)));
  const columns = constant(tensorData('float32', [ow], shares(x.shape[3] as number, ow, 1, attributes)));
  return multiply(sums, multiply(rows, columns));
}

/**
 * Tap by tap: a window's gradient goes to the first tap that holds its maximum. The MaxPoolGrad kernel of the wasm
 * backend takes 0 for the maximum of a window of negative values.
 */
function maxPoolGrad(
  [g, x, y]: InputsOf<typeof maxPoolGradOp>,
  { kernel, stride, padding }: PoolingAttributes,
): Tensor {
  const shape = x.shape as number[];
  if (g.shape.includes(0)) return fill(shape, 0);
  const [h, w] = shape.slice(2) as [number, number];
  const [oh, ow] = g.shape.slice(2) as [number, number];
  const sides: [number, number][] = [
    [0, 0],
    [0, 0],
    [padding[0], padding[2]],
    [padding[1], padding[3]],
  ];
  const padded = pad(x, sides, Number.NEGATIVE_INFINITY);
  const [height, width] = [h + padding[0] + padding[2], w + padding[1] + padding[3]];
  let taken: Tensor | undefined;
  let sum: Tensor | undefined;
  for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
    const [row, column] = [Math.floor(tap / kernel[1]), tap % kernel[1]];
    const [lastRow, lastColumn] = [row + (oh - 1) * stride[0] + 1, column + (ow - 1) * stride[1] + 1];
    const seen = slice(padded, { 2: [row, lastRow, stride[0]], 3: [column, lastColumn, stride[1]] });
    const holds = equal(seen, y);
    const first: Tensor = taken ? and(holds, not(taken)) : holds;
    taken = taken ? or(taken, holds) : holds;
    const share = insertZeros(select(first, g, 0), [1, 1, ...stride]);
    const placed: Tensor = pad(share, [
      [0, 0],
      [0, 0],
      [row, height - lastRow],
      [column, width - lastColumn],
    ]);
    sum = sum ? add(sum, placed) : placed;
  }
  return slice(sum!, { 2: [padding[0], padding[0] + h], 3: [padding[1], padding[1] + w] });
}

/** Linear interpolation of one axis as a matrix `[from, to]`: half-pixel centers, clamped to the ends. */
function interpolation(from: number, to: number): Tensor {
  const matrix = new Float64Array(from * to);
  for (let i = 0; i < to; i++) {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    matrix[low * to + i]! += 1 - (position - low);
    if (position > low) matrix[(low + 1) * to + i]! += position - low;
  }
  return constant(tensorData('float32', [from, to], matrix));
}

/** Separable, as two matrix products. The kernels differ between backends in where they read. */
function resize([x]: InputsOf<typeof resizeBilinearOp>, { size }: { readonly size: Pair }): Tensor {
  const [h, w] = x.shape.slice(2) as [number, number];
  const swapped = transpose(matMul(x, interpolation(w, size[1])), [0, 1, 3, 2]);
  return transpose(matMul(swapped, interpolation(h, size[0])), [0, 1, 3, 2]);
}

export const poolingDecompositions: Decompositions = [
  // A window of one value: the wasm backend's MaxPool gives zeros there (tfjs#5355, tfjs#5920).
  decomposition(maxPool2dOp, ([x], { kernel, stride }) => {
    if (kernel[0] * kernel[1] !== 1) return undefined;
    const [h, w] = x.shape.slice(2) as [number, number];
    return slice(x, { 2: [0, h, stride[0]], 3: [0, w, stride[1]] });
  }),
  decomposition(averagePool2dOp, average),
  decomposition(maxPoolGradOp, maxPoolGrad),
  decomposition(resizeBilinearOp, resize),
  decomposition(reluGradOp, ([g, y]) => select(greater(y, 0), g, 0)),
];
