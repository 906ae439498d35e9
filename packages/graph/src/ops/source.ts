import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import type { Shape, Tensor } from '../tensor.js';
import { type DType, type TensorData, tensorData } from '../tensor-data.js';

/** Attributes of inputs and variables. */
export interface InputAttributes {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

function noValue(): never {
  throw new Error('sources get their values from feeds and state, not from evaluation');
}

/** A value that is fed at each run. */
export const inputOp = defineOp<InputAttributes, []>({
  name: 'input',
  infer: (_inputs, { dtype, shape }) => [{ dtype, shape }],
  evaluate: noValue,
});

/** A value that is read from the state at each run. */
export const variableOp = defineOp<InputAttributes, []>({
  name: 'variable',
  infer: (_inputs, { dtype, shape }) => [{ dtype, shape }],
  evaluate: noValue,
});

/** A value that is part of the program. */
export const constantOp = defineOp<{ readonly value: TensorData }, []>({
  name: 'constant',
  infer: (_inputs, { value }) => [{ dtype: value.dtype, shape: value.shape }],
  evaluate: (_inputs, { value }) => [
    value.dtype === 'float32' ? { ...value, data: Float64Array.from(value.data) } : value,
  ],
});

/**
 * An input of a program.
 * @param name name under which it is fed; one program's inputs have different names.
 * @param shape only the first dimension may be `'N'`.
 */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  check(name.length > 0, 'name', () => ({ rule: "an input's name is not empty", received: "''" }));
  return apply(inputOp, [], { name, dtype, shape: [...shape] });
}

/** A value of the state, by name. Networks declare theirs through a `Scope`, which adds how it starts. */
export function variable(name: string, dtype: DType, shape: readonly number[]): Tensor {
  check(name.length > 0, 'name', () => ({ rule: "a variable's name is not empty", received: "''" }));
  return apply(variableOp, [], { name, dtype, shape: [...shape] });
}

/** A value that is part of the program. */
export function constant(value: TensorData): Tensor {
  return apply(constantOp, [], { value });
}

/** A float32 scalar. */
export function scalar(value: number): Tensor {
  return constant(tensorData('float32', [], [value]));
}

/** A constant filled with one value. */
export function fill(shape: readonly number[], value: number, dtype: DType = 'float32'): Tensor {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return constant(tensorData(dtype, shape, new Float64Array(size).fill(value)));
}

/** int32 `[0, 1, …, length - 1]`. */
export function range(length: number): Tensor {
  return constant(
    tensorData(
      'int32',
      [length],
      Int32Array.from({ length }, (_, index) => index),
    ),
  );
}
