import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { formatType, type Tensor } from '../tensor.js';
import { sizeOf } from '../tensor-data.js';
import { type Operand, toTensor } from './binary.js';
import { broadcastOffsets, broadcastShapes, referenceArray } from './broadcast.js';
import { sumTo } from './reduction.js';

/** The op of `select`. */
export const selectOp = defineOp<Record<never, never>, [condition: Tensor, a: Tensor, b: Tensor]>({
  name: 'select',
  infer: ([condition, a, b]) => {
    check(condition.dtype === 'bool' && a.dtype === b.dtype, 'dtype', () => ({
      rule: 'select takes a bool condition and two tensors of one dtype',
      received: [condition, a, b].map(formatType).join(', '),
    }));
    return [{ dtype: a.dtype, shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) }];
  },
  gradient: ({ inputs: [condition, a, b], gradients: [g], needed }) => [
    undefined,
    needed[1] ? sumTo(select(condition, g, 0), a.shape) : undefined,
    needed[2] ? sumTo(select(condition, 0, g), b.shape) : undefined,
  ],
  evaluate: ([condition, a, b]) => {
    const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) as number[];
    const [fromC, fromA, fromB] = [condition, a, b].map((x) => broadcastOffsets(x.shape, shape));
    const data = referenceArray(a.dtype, sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      data[i] = condition.data[fromC![i]!] !== 0 ? a.data[fromA![i]!]! : b.data[fromB![i]!]!;
    }
    return [{ dtype: a.dtype, shape, data }];
  },
});

/** `a` where `condition` (bool) holds, else `b`; all three broadcast. */
export function select(condition: Tensor, a: Operand, b: Operand): Tensor {
  const dtype = typeof a !== 'number' ? a.dtype : typeof b !== 'number' ? b.dtype : 'float32';
  return apply(selectOp, [condition, toTensor(a, dtype), toTensor(b, dtype)], {});
}
