import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { type Dimension, formatShape, type Shape, sameShape, type Tensor } from '../tensor.js';
import { sizeOf, stridesOf } from '../tensor-data.js';
import { broadcastOffsets, broadcastShapes, referenceArray } from './broadcast.js';
import { sumTo } from './reduction.js';
import { gatherByStrides } from './strided-view.js';

/** A shape with an unknown batch has the same size as another if both begin with 'N' and the rest agree. */
function knownSize(shape: Shape): { batch: boolean; size: number } {
  const batch = shape[0] === 'N';
  return { batch, size: sizeOf((batch ? shape.slice(1) : shape) as number[]) };
}

/** The op of `reshape`. */
export const reshapeOp = defineOp<{ readonly shape: Shape }, [x: Tensor]>({
  name: 'reshape',
  infer: ([x], { shape }) => {
    const [from, to] = [knownSize(x.shape), knownSize(shape)];
    check(from.batch === to.batch && from.size === to.size, 'shape', () => ({
      rule: "reshape keeps the number of elements, and a batch 'N' in front",
      received: `${formatShape(x.shape)} to ${formatShape(shape)}`,
      limit: `${from.size} elements${from.batch ? ' for each of N' : ''}`,
    }));
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [x], gradients: [g] }) => [reshape(g, x.shape)],
  evaluate: ([x], { shape }) => [{ ...x, shape: shape as number[] }],
});

/** Same elements in the same order. One dimension may be -1: the rest. */
export function reshape(x: Tensor, shape: readonly (Dimension | -1)[]): Tensor {
  const unknown = shape.indexOf(-1);
  let target: Shape = shape;
  if (unknown >= 0) {
    const known = knownSize(shape.filter((_, axis) => axis !== unknown) as Shape);
    const from = knownSize(x.shape);
    if (from.batch && !known.batch) target = shape.with(unknown, 'N');
    else target = shape.with(unknown, known.size === 0 ? 0 : from.size / known.size);
  }
  return sameShape(x.shape, target) ? x : apply(reshapeOp, [x], { shape: [...target] });
}

/** Collapses the axes from `start` (default 1) into one. */
export function flatten(x: Tensor, start = 1): Tensor {
  const lead = x.shape.slice(0, start);
  return reshape(x, [...lead, sizeOf(x.shape.slice(start) as number[])]);
}

/** The op of `transpose`. */
export const transposeOp = defineOp<{ readonly permutation: readonly number[] }, [x: Tensor]>({
  name: 'transpose',
  infer: ([x], { permutation }) => {
    const complete = permutation.length === x.shape.length && x.shape.every((_, axis) => permutation.includes(axis));
    check(complete, 'axis', () => ({
      rule: 'a permutation names every axis once',
      received: `[${permutation.join(', ')}] for ${formatShape(x.shape)}`,
    }));
    return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis]!) }];
  },
  gradient: ({ gradients: [g], attributes: { permutation } }) => [
    transpose(
      g,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  evaluate: ([x], { permutation }) => {
    const from = stridesOf(x.shape);
    return [
      gatherByStrides(
        x,
        permutation.map((axis) => x.shape[axis]!),
        permutation.map((axis) => from[axis]!),
        0,
      ),
    ];
  },
});

/** Result axis `i` is input axis `permutation[i]`. Default: all axes reversed. */
export function transpose(
  x: Tensor,
  permutation: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i),
): Tensor {
  if (permutation.length === x.shape.length && permutation.every((axis, i) => axis === i)) return x;
  return apply(transposeOp, [x], { permutation: [...permutation] });
}

/** The op of `broadcastTo`. */
export const broadcastToOp = defineOp<{ readonly shape: Shape }, [x: Tensor]>({
  name: 'broadcastTo',
  infer: ([x], { shape }) => {
    check(sameShape(broadcastShapes(x.shape, shape), shape), 'shape', () => ({
      rule: 'broadcastTo only stretches dimensions of size 1 and adds leading ones',
      received: `${formatShape(x.shape)} to ${formatShape(shape)}`,
    }));
    check(shape[0] !== 'N' || (x.shape[0] === 'N' && x.shape.length === shape.length), 'shape', () => ({
      rule: "broadcastTo does not stretch to an unknown batch 'N'",
      received: `${formatShape(x.shape)} to ${formatShape(shape)}`,
      limit: 'a tensor that has the batch, or elementwise ops, which broadcast by themselves',
    }));
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [x], gradients: [g] }) => [sumTo(g, x.shape)],
  evaluate: ([x], { shape }) => {
    const offsets = broadcastOffsets(x.shape, shape as number[]);
    const data = referenceArray(x.dtype, offsets.length);
    for (let i = 0; i < data.length; i++) data[i] = x.data[offsets[i]!]!;
    return [{ dtype: x.dtype, shape: shape as number[], data }];
  },
});

/** x repeated along dimensions of size 1, and along new leading ones. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(broadcastToOp, [x], { shape: [...shape] });
}
