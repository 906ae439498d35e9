import { check } from '../errors.js';
import { apply, defineOp, type OpDefinition } from '../op.js';
import { formatType, type Tensor } from '../tensor.js';
import { sizeOf, type TensorData } from '../tensor-data.js';
import {
  eachInWindow,
  inferPooling,
  type PoolingAttributes,
  type PoolingOptions,
  pooledShape,
  poolingAttributes,
} from './pooling-window.js';
import { reduceMean } from './reduction.js';

export type { PoolingAttributes, PoolingOptions };

/** Offset into x of the first maximum of each window, in the order in which windows are read. What NaN does is undefined. */
function argMaxima(x: TensorData, attributes: PoolingAttributes): Int32Array {
  const result = new Int32Array(sizeOf(pooledShape(x.shape, attributes) as number[])).fill(-1);
  eachInWindow(x.shape, attributes, (offset, window) => {
    const best = result[window]!;
    if (best < 0 || x.data[offset]! > x.data[best]!) result[window] = offset;
  });
  return result;
}

export const maxPool2dOp = defineOp<PoolingAttributes, [x: Tensor]>({
  name: 'maxPool2d',
  infer: ([x], attributes) => inferPooling('maxPool2d', x, attributes),
  gradient: ({ inputs: [x], outputs: [y], gradients: [g], attributes }) => [
    apply(maxPoolGradOp, [g, x, y], attributes),
  ],
  evaluate: ([x], attributes) => {
    const data = Float64Array.from(argMaxima(x, attributes), (offset) => x.data[offset]!);
    return [{ dtype: 'float32', shape: pooledShape(x.shape, attributes) as number[], data }];
  },
});

/** Each output's gradient goes to the first maximum of its window, as in PyTorch. Inputs: gradient, x and max pool's y. */
export const maxPoolGradOp: OpDefinition<PoolingAttributes, [g: Tensor, x: Tensor, y: Tensor]> = defineOp<
  PoolingAttributes,
  [g: Tensor, x: Tensor, y: Tensor]
>({
  name: 'maxPoolGrad',
  infer: ([g, x, y], attributes) => {
    const [pooled] = inferPooling('maxPoolGrad', x, attributes);
    check(formatType(g) === formatType(pooled) && formatType(y) === formatType(pooled), 'shape', () => ({
      rule: "maxPoolGrad takes the gradient and the value of the pooling's output",
      received: `${formatType(g)} and ${formatType(y)}`,
      limit: formatType(pooled),
    }));
    return [{ dtype: 'float32', shape: x.shape }];
  },
  evaluate: ([g, x], attributes) => {
    const data = new Float64Array(sizeOf(x.shape));
    for (const [k, offset] of argMaxima(x, attributes).entries()) data[offset]! += g.data[k]!;
    return [{ dtype: 'float32', shape: x.shape, data }];
  },
});

/** Largest value of each window; padding is minus infinity. */
export function maxPool2d(x: Tensor, options: PoolingOptions): Tensor {
  return apply(maxPool2dOp, [x], poolingAttributes(options));
}

/** Mean of each feature map: `[N, C, H, W]` to `[N, C, 1, 1]`. */
export function globalAveragePool(x: Tensor): Tensor {
  return reduceMean(x, { axes: [2, 3], keepDims: true });
}
