import {
  add,
  constant,
  equal,
  gather,
  multiply,
  range,
  reduceSum,
  reshape,
  select,
  sizeOf,
  type Tensor,
  takeAlongAxisOp,
  tensorData,
} from '@nats/graph';
import { type Decompositions, decomposition, type InputsOf } from './decomposition.js';

/** As a gather of single values at computed offsets; where the batch is unknown, as a masked sum over the axis. */
function takeAlongAxis(
  [x, indices]: InputsOf<typeof takeAlongAxisOp>,
  { axis }: { readonly axis: number },
): Tensor | undefined {
  if (x.shape.includes(0) || indices.shape.includes(0)) return undefined;
  const length = x.shape[axis] as number;
  if (x.shape[0] === 'N') return maskedSum(x, indices, axis, length);
  const [shape, inner] = [indices.shape as number[], sizeOf(x.shape.slice(axis + 1) as number[])];
  const line = inner * shape[axis]!;
  const starts = Int32Array.from(
    { length: sizeOf(shape) },
    (_, i) => Math.floor(i / line) * length * inner + (i % inner),
  );
  const offsets = add(multiply(indices, inner), constant(tensorData('int32', shape, starts)));
  return gather(reshape(x, [-1]), offsets);
}

function maskedSum(x: Tensor, indices: Tensor, axis: number, length: number): Tensor | undefined {
  if (axis === 0 || (x.dtype !== 'float32' && x.dtype !== 'int32')) return undefined;
  const chosen = reshape(indices, indices.shape.toSpliced(axis + 1, 0, 1));
  const positions = reshape(range(length), [length, ...x.shape.slice(axis + 1).map(() => 1)]);
  const values = reshape(x, x.shape.toSpliced(axis, 0, 1));
  return reduceSum(select(equal(chosen, positions), values, 0), { axes: [axis + 1] });
}

export const indexingDecompositions: Decompositions = [decomposition(takeAlongAxisOp, takeAlongAxis)];
