import { check } from '../errors.js';
import { apply, defineOp, type GradientContext, type OpDefinition } from '../op.js';
import { formatType, type Tensor, type TensorType } from '../tensor.js';
import { type DType, sizeOf, type TensorData, tensorData } from '../tensor-data.js';
import { broadcastOffsets, broadcastShapes, referenceArray } from './broadcast.js';
import { sumTo } from './reduction.js';
import { select } from './select.js';
import { constant } from './source.js';
import { log, negate, square } from './unary.js';

type NoAttributes = Record<never, never>;
const NONE: NoAttributes = {};

/** A tensor, or a number that becomes a scalar of the other operand's dtype. */
export type Operand = Tensor | number;

interface BinaryRule {
  readonly name: string;
  readonly operands: readonly DType[];
  readonly result?: DType;
  value(a: number, b: number): number;
  gradient?(g: Tensor, a: Tensor, b: Tensor, y: Tensor, needed: readonly boolean[]): readonly (Tensor | undefined)[];
}

function defineBinary(rule: BinaryRule): OpDefinition<NoAttributes, [a: Tensor, b: Tensor]> {
  const { gradient } = rule;
  return defineOp<NoAttributes, [a: Tensor, b: Tensor]>({
    name: rule.name,
    infer: (inputs) => [inferBinary(rule, inputs)],
    ...(gradient && {
      gradient: ({ inputs, outputs, gradients, needed }: GradientContext<NoAttributes, [a: Tensor, b: Tensor]>) => {
        const [a, b] = inputs;
        return gradient(gradients[0], a, b, outputs[0], needed).map((full, side) =>
          full && needed[side] ? sumTo(full, inputs[side]!.shape) : undefined,
        );
      },
    }),
    evaluate: ([a, b]) => [evaluateBinary(a, b, rule.result ?? a.dtype, rule.value)],
  });
}

function inferBinary(rule: BinaryRule, [a, b]: readonly TensorType[]): TensorType {
  check(a!.dtype === b!.dtype && rule.operands.includes(a!.dtype), 'dtype', () => ({
    rule: `${rule.name} takes two tensors of one dtype`,
    received: `${formatType(a!)} and ${formatType(b!)}`,
    limit: `one of ${rule.operands.join(', ')}; cast first`,
  }));
  return { dtype: rule.result ?? a!.dtype, shape: broadcastShapes(a!.shape, b!.shape) };
}

function evaluateBinary(a: TensorData, b: TensorData, dtype: DType, value: BinaryRule['value']): TensorData {
  const shape = broadcastShapes(a.shape, b.shape) as number[];
  const [fromA, fromB] = [broadcastOffsets(a.shape, shape), broadcastOffsets(b.shape, shape)];
  const data = referenceArray(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = Number(value(a.data[fromA[i]!]!, b.data[fromB[i]!]!));
  return { dtype, shape, data };
}

const NUMBERS: readonly DType[] = ['float32', 'int32'];
const FLOATS: readonly DType[] = ['float32'];

/** The op of `add`. */
export const addOp = defineBinary({
  name: 'add',
  operands: NUMBERS,
  value: (a, b) => a + b,
  gradient: (g) => [g, g],
});
/** The op of `subtract`. */
export const subtractOp = defineBinary({
  name: 'subtract',
  operands: NUMBERS,
  value: (a, b) => a - b,
  gradient: (g, _a, _b, _y, needed) => [g, needed[1] ? negate(g) : undefined],
});
/** Integers wrap around at 32 bits. */
export const multiplyOp = defineOp<NoAttributes, [a: Tensor, b: Tensor]>({
  ...defineBinary({
    name: 'multiply',
    operands: NUMBERS,
    value: (a, b) => a * b,
    gradient: (g, a, b, _y, needed) => [needed[0] ? multiply(g, b) : undefined, needed[1] ? multiply(g, a) : undefined],
  }),
  evaluate: ([a, b]) => [evaluateBinary(a, b, a.dtype, a.dtype === 'int32' ? Math.imul : (x, y) => x * y)],
});
/** Integers divide toward zero, as ONNX; by 0 is undefined. */
export const divideOp = defineOp<NoAttributes, [a: Tensor, b: Tensor]>({
  ...defineBinary({
    name: 'divide',
    operands: NUMBERS,
    value: (a, b) => a / b,
    gradient: (g, _a, b, y, needed) => {
      const quotient = divide(g, b);
      return [quotient, needed[1] ? negate(multiply(quotient, y)) : undefined];
    },
  }),
  evaluate: ([a, b]) => [
    evaluateBinary(a, b, a.dtype, a.dtype === 'int32' ? (x, y) => Math.trunc(x / y) : (x, y) => x / y),
  ],
});
/** Gradient in the exponent needs a positive base, as everywhere. */
export const powerOp = defineBinary({
  name: 'power',
  operands: FLOATS,
  value: (a, b) => a ** b,
  gradient: (g, a, b, y, needed) => [
    needed[0] ? multiply(g, multiply(b, power(a, subtract(b, 1)))) : undefined,
    needed[1] ? multiply(g, multiply(y, log(a))) : undefined,
  ],
});
/** At a tie the whole gradient goes to the first operand. */
export const maximumOp = defineBinary({
  name: 'maximum',
  operands: NUMBERS,
  value: Math.max,
  gradient: (g, a, b) => routeByMask(g, greaterEqual(a, b)),
});
/** At a tie the whole gradient goes to the first operand. */
export const minimumOp = defineBinary({
  name: 'minimum',
  operands: NUMBERS,
  value: Math.min,
  gradient: (g, a, b) => routeByMask(g, lessEqual(a, b)),
});

function routeByMask(g: Tensor, first: Tensor): [Tensor, Tensor] {
  return [select(first, g, 0), select(first, 0, g)];
}

const comparison = (name: string, value: (a: number, b: number) => boolean, operands: readonly DType[] = NUMBERS) =>
  defineBinary({ name, operands, result: 'bool', value: (a, b) => (value(a, b) ? 1 : 0) });

/** The op of `equal`. */
export const equalOp = comparison('equal', (a, b) => a === b, ['float32', 'int32', 'bool']);
/** The op of `greater`. */
export const greaterOp = comparison('greater', (a, b) => a > b);
/** The op of `greaterEqual`. */
export const greaterEqualOp = comparison('greaterEqual', (a, b) => a >= b);
/** The op of `less`. */
export const lessOp = comparison('less', (a, b) => a < b);
/** The op of `lessEqual`. */
export const lessEqualOp = comparison('lessEqual', (a, b) => a <= b);
/** The op of `and`. */
export const andOp = comparison('and', (a, b) => a !== 0 && b !== 0, ['bool']);
/** The op of `or`. */
export const orOp = comparison('or', (a, b) => a !== 0 || b !== 0, ['bool']);

function binary(op: OpDefinition<NoAttributes, [a: Tensor, b: Tensor]>, a: Operand, b: Operand): Tensor {
  const dtype = typeof a === 'number' ? (typeof b === 'number' ? 'float32' : b.dtype) : a.dtype;
  return apply(op, [toTensor(a, dtype), toTensor(b, dtype)], NONE);
}

/** The tensor itself, or a scalar of the given dtype. @throws NatsError `dtype` for a number that the dtype does not have */
export function toTensor(operand: Operand, dtype: DType): Tensor {
  if (typeof operand !== 'number') return operand;
  const value = tensorData(dtype, [], [operand]);
  check(dtype === 'float32' || value.data[0] === operand, 'dtype', () => ({
    rule: 'a number beside a tensor of whole numbers is one of them',
    received: `${operand}`,
    limit: `a value of ${dtype}; cast the tensor first`,
  }));
  return constant(value);
}

// Elementwise with NumPy's broadcasting; a number is a scalar of the other operand's dtype.
/** a + b. */
export const add = (a: Operand, b: Operand): Tensor => binary(addOp, a, b);
/** a - b. */
export const subtract = (a: Operand, b: Operand): Tensor => binary(subtractOp, a, b);
/** a b; whole numbers wrap around at 32 bits. */
export const multiply = (a: Operand, b: Operand): Tensor => binary(multiplyOp, a, b);
/** a / b; whole numbers divide toward zero. */
export const divide = (a: Operand, b: Operand): Tensor => binary(divideOp, a, b);
/** The larger of a and b; its gradient goes to a at a tie. */
export const maximum = (a: Operand, b: Operand): Tensor => binary(maximumOp, a, b);
/** The smaller of a and b; its gradient goes to a at a tie. */
export const minimum = (a: Operand, b: Operand): Tensor => binary(minimumOp, a, b);
/** bool: a = b. */
export const equal = (a: Operand, b: Operand): Tensor => binary(equalOp, a, b);
/** bool: a > b. */
export const greater = (a: Operand, b: Operand): Tensor => binary(greaterOp, a, b);
/** bool: a >= b. */
export const greaterEqual = (a: Operand, b: Operand): Tensor => binary(greaterEqualOp, a, b);
/** bool: a < b. */
export const less = (a: Operand, b: Operand): Tensor => binary(lessOp, a, b);
/** bool: a <= b. */
export const lessEqual = (a: Operand, b: Operand): Tensor => binary(lessEqualOp, a, b);
/** bool: both hold. */
export const and = (a: Tensor, b: Tensor): Tensor => binary(andOp, a, b);
/** bool: at least one holds. */
export const or = (a: Tensor, b: Tensor): Tensor => binary(orOp, a, b);

/** `a` to the power `b`, elementwise. An exponent of 2 is a multiplication. */
export function power(a: Operand, b: Operand): Tensor {
  return b === 2 && typeof a !== 'number' ? square(a) : binary(powerOp, a, b);
}
