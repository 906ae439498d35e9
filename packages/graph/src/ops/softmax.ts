import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { formatType, type Tensor, type TensorType } from '../tensor.js';
import { sizeOf, type TensorData } from '../tensor-data.js';
import { normalizeAxis } from './axes.js';
import { multiply, subtract } from './binary.js';
import { reduceSum } from './reduction.js';
import { exp } from './unary.js';

interface AxisAttributes {
  readonly axis: number;
}

function inferSame(name: string, [x]: readonly [x: TensorType]): [TensorType] {
  check(x.dtype === 'float32', 'dtype', () => ({ rule: `${name} takes float32`, received: formatType(x) }));
  return [{ dtype: 'float32', shape: x.shape }];
}

/** log softmax of each line along an axis, with the maximum taken out first. */
function logSoftmaxValues(x: TensorData, axis: number): TensorData {
  const length = x.shape[axis]!;
  const inner = sizeOf(x.shape.slice(axis + 1));
  const data = Float64Array.from(x.data);
  for (let outer = 0; outer < sizeOf(x.shape.slice(0, axis)); outer++) {
    for (let i = 0; i < inner; i++) {
      const start = outer * length * inner + i;
      let maximum = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < length; k++) maximum = Math.max(maximum, data[start + k * inner]!);
      let sum = 0;
      for (let k = 0; k < length; k++) sum += Math.exp(data[start + k * inner]! - maximum);
      for (let k = 0; k < length; k++) data[start + k * inner]! -= maximum + Math.log(sum);
    }
  }
  return { ...x, data };
}

/** The op of `softmax`. */
export const softmaxOp = defineOp<AxisAttributes, [x: Tensor]>({
  name: 'softmax',
  infer: (inputs) => inferSame('softmax', inputs),
  gradient: ({ outputs: [y], gradients: [g], attributes: { axis } }) => {
    const weighted = multiply(g, y);
    return [subtract(weighted, multiply(y, reduceSum(weighted, { axes: [axis], keepDims: true })))];
  },
  evaluate: ([x], { axis }) => {
    const y = logSoftmaxValues(x, axis);
    return [{ ...y, data: Float64Array.from(y.data, Math.exp) }];
  },
});

/** The op of `logSoftmax`. */
export const logSoftmaxOp = defineOp<AxisAttributes, [x: Tensor]>({
  name: 'logSoftmax',
  infer: (inputs) => inferSame('logSoftmax', inputs),
  gradient: ({ outputs: [y], gradients: [g], attributes: { axis } }) => [
    subtract(g, multiply(exp(y), reduceSum(g, { axes: [axis], keepDims: true }))),
  ],
  evaluate: ([x], { axis }) => [logSoftmaxValues(x, axis)],
});

/** exp(x) / sum of exp(x) along an axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(softmaxOp, [x], { axis: normalizeAxis(axis, x.shape.length) });
}

/** log of `softmax`, without overflow. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply(logSoftmaxOp, [x], { axis: normalizeAxis(axis, x.shape.length) });
}
