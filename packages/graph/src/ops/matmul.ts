import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { type Dimension, formatType, type Tensor } from '../tensor.js';
import { sizeOf } from '../tensor-data.js';
import { broadcastOffsets, broadcastShapes } from './broadcast.js';
import { sumTo } from './reduction.js';

/** Attributes of `matMul`. */
export interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

function matrix(shape: readonly Dimension[], transposed: boolean): [Dimension, Dimension] {
  const [rows, columns] = shape.slice(-2) as [Dimension, Dimension];
  return transposed ? [columns, rows] : [rows, columns];
}

/** The op of `matMul`. */
export const matMulOp = defineOp<MatMulAttributes, [a: Tensor, b: Tensor]>({
  name: 'matMul',
  infer: ([a, b], { transposeA, transposeB }) => {
    const ranks = a.shape.length >= 2 && b.shape.length >= 2;
    check(ranks && a.dtype === 'float32' && b.dtype === 'float32', 'shape', () => ({
      rule: 'matMul takes two float32 tensors with at least 2 dimensions',
      received: `${formatType(a)} and ${formatType(b)}`,
    }));
    const [m, k] = matrix(a.shape, transposeA);
    const [k2, n] = matrix(b.shape, transposeB);
    check(k === k2, 'shape', () => ({
      rule: "matMul's inner dimensions agree",
      received: `${formatType(a)}${transposeA ? ' transposed' : ''} and ${formatType(b)}${transposeB ? ' transposed' : ''}`,
      limit: `${k} against ${k2}`,
    }));
    return [{ dtype: 'float32', shape: [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n] }];
  },
  gradient: ({ inputs: [a, b], gradients: [g], attributes: { transposeA, transposeB }, needed }) => {
    const da = transposeA
      ? () => matMul(b, g, { transposeA: transposeB, transposeB: true })
      : () => matMul(g, b, { transposeB: !transposeB });
    const db = transposeB
      ? () => matMul(g, a, { transposeA: true, transposeB: transposeA })
      : () => matMul(a, g, { transposeA: !transposeA });
    return [needed[0] ? sumTo(da(), a.shape) : undefined, needed[1] ? sumTo(db(), b.shape) : undefined];
  },
  evaluate: ([a, b], { transposeA, transposeB }) => {
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)) as number[];
    const [m, k] = matrix(a.shape, transposeA) as [number, number];
    const n = matrix(b.shape, transposeB)[1] as number;
    const fromA = broadcastOffsets(a.shape.slice(0, -2), batch);
    const fromB = broadcastOffsets(b.shape.slice(0, -2), batch);
    const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
    const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
    const data = new Float64Array(sizeOf(batch) * m * n);
    for (let i = 0; i < fromA.length; i++) {
      for (let row = 0; row < m; row++) {
        for (let inner = 0; inner < k; inner++) {
          const value = a.data[fromA[i]! * m * k + row * rowA + inner * columnA]!;
          const start = fromB[i]! * k * n + inner * rowB;
          for (let column = 0; column < n; column++) {
            data[(i * m + row) * n + column]! += value * b.data[start + column * columnB]!;
          }
        }
      }
    }
    return [{ dtype: 'float32', shape: [...batch, m, n], data }];
  },
});

/** Matrix product of the last two axes, `[…, m, k] × […, k, n]`; the axes before them broadcast. */
export function matMul(a: Tensor, b: Tensor, options: Partial<MatMulAttributes> = {}): Tensor {
  return apply(matMulOp, [a, b], { transposeA: options.transposeA ?? false, transposeB: options.transposeB ?? false });
}
