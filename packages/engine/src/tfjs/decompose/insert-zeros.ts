import { apply, defineOp, sizeOf, stridesOf, type Tensor } from '@nats/graph';

interface InsertZerosAttributes {
  /** Distance of neighbors in the result, per axis. */
  readonly steps: readonly number[];
}

/** Puts `step - 1` zeros between neighbors. An op, because as a reshape it would need the axes in their logical order. */
export const insertZerosOp = defineOp<InsertZerosAttributes, [x: Tensor]>({
  name: 'insertZeros',
  infer: ([x], { steps }) => [
    {
      dtype: x.dtype,
      shape: x.shape.map((size, axis) => (steps[axis] === 1 ? size : ((size as number) - 1) * steps[axis]! + 1)),
    },
  ],
  evaluate: ([x], { steps }) => {
    const shape = x.shape.map((size, axis) => (size - 1) * steps[axis]! + 1);
    const data = new Float64Array(sizeOf(shape));
    const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
    for (let i = 0; i < x.data.length; i++) {
      const offset = x.shape.reduce(
        (sum, size, axis) => sum + (Math.floor(i / from[axis]!) % size) * steps[axis]! * to[axis]!,
        0,
      );
      data[offset] = x.data[i]!;
    }
    return [{ dtype: 'float32', shape, data }];
  },
});

export function insertZeros(x: Tensor, steps: readonly number[]): Tensor {
  return steps.every((step) => step === 1) ? x : apply(insertZerosOp, [x], { steps: [...steps] });
}
