import { check } from '../errors.js';
import { apply, defineOp, type GradientContext, type OpDefinition } from '../op.js';
import { formatType, type Tensor } from '../tensor.js';
import type { DType } from '../tensor-data.js';
import { divide, greater, maximum, minimum, multiply, subtract } from './binary.js';
import { referenceArray } from './broadcast.js';
import { cast } from './cast.js';

type NoAttributes = Record<never, never>;
const NONE: NoAttributes = {};

interface UnaryRule {
  readonly name: string;
  readonly operands?: readonly DType[];
  value(x: number): number;
  /** Gradient of the input from that of the output `g`, the input `x` and the output `y`. */
  gradient?(g: Tensor, x: Tensor, y: Tensor): Tensor | undefined;
}

function defineUnary({
  name,
  operands = ['float32'],
  value,
  gradient,
}: UnaryRule): OpDefinition<NoAttributes, [x: Tensor]> {
  return defineOp<NoAttributes, [x: Tensor]>({
    name,
    infer: ([x]) => {
      check(operands.includes(x.dtype), 'dtype', () => ({
        rule: `${name} takes ${operands.join(' or ')}`,
        received: formatType(x),
      }));
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    ...(gradient && {
      gradient: ({ inputs, outputs, gradients }: GradientContext<NoAttributes, [x: Tensor]>) => [
        gradient(gradients[0], inputs[0], outputs[0]),
      ],
    }),
    evaluate: ([x]) => {
      const data = referenceArray(x.dtype, x.data.length);
      for (let i = 0; i < data.length; i++) data[i] = value(x.data[i]!);
      return [{ dtype: x.dtype, shape: x.shape, data }];
    },
  });
}

const NUMBERS: readonly DType[] = ['float32', 'int32'];

/** The op of `negate`. */
export const negateOp = defineUnary({
  name: 'negate',
  operands: NUMBERS,
  value: (x) => -x,
  gradient: (g) => negate(g),
});
/** The op of `abs`. */
export const absOp = defineUnary({
  name: 'abs',
  operands: NUMBERS,
  value: Math.abs,
  gradient: (g, x) => multiply(g, sign(x)),
});
/** The op of `sign`. */
export const signOp = defineUnary({ name: 'sign', operands: NUMBERS, value: Math.sign, gradient: () => undefined });
/** The op of `floor`. */
export const floorOp = defineUnary({ name: 'floor', value: Math.floor, gradient: () => undefined });
/** The op of `ceil`. */
export const ceilOp = defineUnary({ name: 'ceil', value: Math.ceil, gradient: () => undefined });
/** Halves go to the even neighbor, as ONNX and PyTorch. */
export const roundOp = defineUnary({
  name: 'round',
  value: (x) => {
    const nearest = Math.round(x);
    return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
  },
  gradient: () => undefined,
});
/** The op of `exp`. */
export const expOp = defineUnary({ name: 'exp', value: Math.exp, gradient: (g, _x, y) => multiply(g, y) });
/** The op of `log`. */
export const logOp = defineUnary({ name: 'log', value: Math.log, gradient: (g, x) => divide(g, x) });
/** The op of `sqrt`. */
export const sqrtOp = defineUnary({
  name: 'sqrt',
  value: Math.sqrt,
  gradient: (g, _x, y) => divide(multiply(g, 0.5), y),
});
/** The op of `reciprocal`. */
export const reciprocalOp = defineUnary({
  name: 'reciprocal',
  value: (x) => 1 / x,
  gradient: (g, _x, y) => negate(multiply(g, square(y))),
});
/** The op of `square`. */
export const squareOp = defineUnary({
  name: 'square',
  value: (x) => x * x,
  gradient: (g, x) => multiply(g, multiply(x, 2)),
});
/** The op of `sigmoid`. */
export const sigmoidOp = defineUnary({
  name: 'sigmoid',
  value: (x) => 1 / (1 + Math.exp(-x)),
  gradient: (g, _x, y) => multiply(g, multiply(y, subtract(1, y))),
});
/** The op of `tanh`. */
export const tanhOp = defineUnary({
  name: 'tanh',
  value: Math.tanh,
  gradient: (g, _x, y) => multiply(g, subtract(1, square(y))),
});
/** log(1 + exp(x)), without overflow for large x. */
export const softplusOp = defineUnary({
  name: 'softplus',
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  gradient: (g, x) => multiply(g, sigmoid(x)),
});
/** The op of `relu`. */
export const reluOp = defineUnary({
  name: 'relu',
  value: (x) => Math.max(x, 0),
  gradient: (g, _x, y) => reluGrad(g, y),
});
/** The op of `not`. */
export const notOp = defineUnary({ name: 'not', operands: ['bool'], value: (x) => (x === 0 ? 1 : 0) });
/** The op of `atan`. */
export const atanOp = defineUnary({
  name: 'atan',
  value: Math.atan,
  gradient: (g, x) => divide(g, addOne(square(x))),
});

function addOne(x: Tensor): Tensor {
  return subtract(x, -1);
}

/** Gradient of relu from the gradient and the value of its output: `g` where `y > 0`, else 0. First-class: it is everywhere. */
export const reluGradOp = defineOp<NoAttributes, [g: Tensor, y: Tensor]>({
  name: 'reluGrad',
  infer: ([g, y]) => {
    check(formatType(g) === formatType(y) && y.dtype === 'float32', 'shape', () => ({
      rule: 'reluGrad takes a float32 gradient and an output of one shape',
      received: `${formatType(g)} and ${formatType(y)}`,
    }));
    return [{ dtype: 'float32', shape: y.shape }];
  },
  gradient: ({ inputs, gradients }) => [reluGrad(gradients[0], inputs[1]), undefined],
  evaluate: ([g, y]) => [{ ...g, data: Float64Array.from(g.data, (value, i) => (y.data[i]! > 0 ? value : 0)) }],
});

const unary = (op: OpDefinition<NoAttributes, [x: Tensor]>) => (x: Tensor) => apply(op, [x], NONE);

/** -x, of float32 or int32. */
export const negate = unary(negateOp);
/** |x|, of float32 or int32. */
export const abs = unary(absOp);
/** -1, 0 or 1; its gradient is 0, as that of floor, ceil and round. */
export const sign = unary(signOp);
/** The largest whole number up to x. */
export const floor = unary(floorOp);
/** The smallest whole number from x. */
export const ceil = unary(ceilOp);
/** The nearest whole number; halves go to the even neighbor. */
export const round = unary(roundOp);
/** e to the power x. */
export const exp = unary(expOp);
/** The natural logarithm. */
export const log = unary(logOp);
/** The square root. */
export const sqrt = unary(sqrtOp);
/** 1 / x. */
export const reciprocal = unary(reciprocalOp);
/** x x. */
export const square = unary(squareOp);
/** 1 / (1 + exp(-x)). */
export const sigmoid = unary(sigmoidOp);
/** The hyperbolic tangent. */
export const tanh = unary(tanhOp);
/** log(1 + exp(x)), without overflow for large x. */
export const softplus = unary(softplusOp);
/** max(x, 0). */
export const relu = unary(reluOp);
/** The arc tangent. */
export const atan = unary(atanOp);
/** bool: what does not hold. */
export const not = unary(notOp);
/** Gradient of relu: `g` where relu's output `y` is positive, else 0. */
export const reluGrad = (g: Tensor, y: Tensor): Tensor => apply(reluGradOp, [g, y], NONE);

/** Values below `low` become `low`, above `high` become `high`; the gradient passes inside, limits included. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return minimum(maximum(x, low), high);
}

/** 1 where `x > 0`, else 0, in x's dtype. */
export function step(x: Tensor): Tensor {
  return cast(greater(x, 0), x.dtype);
}
