import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { formatType, type Tensor } from '../tensor.js';
import { equal, greater, type Operand } from './binary.js';
import { cast } from './cast.js';
import { type ReductionOptions, reduceSum } from './reduction.js';
import { not } from './unary.js';

type NoAttributes = Record<never, never>;

function defineTest(name: string, holds: (value: number) => boolean) {
  return defineOp<NoAttributes, [x: Tensor]>({
    name,
    infer: ([x]) => {
      check(x.dtype === 'float32', 'dtype', () => ({ rule: `${name} takes float32`, received: formatType(x) }));
      return [{ dtype: 'bool', shape: x.shape }];
    },
    evaluate: ([x]) => [{ dtype: 'bool', shape: x.shape, data: Uint8Array.from(x.data, (value) => +holds(value)) }],
  });
}

/** The op of `nanMask`. */
export const nanMaskOp = defineTest('nanMask', Number.isNaN);
/** The op of `finiteMask`. */
export const finiteMaskOp = defineTest('finiteMask', Number.isFinite);

/** bool: which values are not a number. */
export const nanMask = (x: Tensor): Tensor => apply(nanMaskOp, [x], {});
/** bool: which values are neither infinite nor NaN. */
export const finiteMask = (x: Tensor): Tensor => apply(finiteMaskOp, [x], {});

/** Not `equal`; of bools, exclusive or. NaN differs from all, itself included. */
export const notEqual = (a: Operand, b: Operand): Tensor => not(equal(a, b));

/** bool: whether any value along the axes (all by default) is true; false for none. */
export function reduceAny(x: Tensor, options: ReductionOptions = {}): Tensor {
  checkBool('reduceAny', x);
  return greater(reduceSum(cast(x, 'int32'), options), 0);
}

/** bool: whether all values along the axes (all by default) are true; true for none. */
export function reduceAll(x: Tensor, options: ReductionOptions = {}): Tensor {
  checkBool('reduceAll', x);
  return equal(reduceSum(cast(not(x), 'int32'), options), 0);
}

function checkBool(name: string, x: Tensor): void {
  check(x.dtype === 'bool', 'dtype', () => ({ rule: `${name} takes bool`, received: formatType(x) }));
}
