import { apply, defineOp } from '../op.js';
import type { Shape, Tensor } from '../tensor.js';
import { sizeOf, tensorData } from '../tensor-data.js';
import { multiply } from './binary.js';
import { convGradInputOp } from './convolution.js';
import {
  eachInWindow,
  inferPooling,
  type PoolingAttributes,
  type PoolingOptions,
  pooledShape,
  poolingAttributes,
} from './pooling-window.js';
import { constant, fill } from './source.js';

export interface AveragePoolingAttributes extends PoolingAttributes {
  readonly countPadding: boolean;
}

export interface AveragePoolingOptions extends PoolingOptions {
  /** Whether padding counts as zeros in the mean; default true, as PyTorch. */
  readonly countPadding?: boolean;
}

/** One over the number of values that each window's mean is taken over, for one plane. */
function shares(x: Shape, attributes: AveragePoolingAttributes): Float64Array {
  const plane = [1, 1, ...x.slice(2)] as number[];
  const counts = new Float64Array(sizeOf(pooledShape(plane, attributes) as number[]));
  if (attributes.countPadding) counts.fill(sizeOf(attributes.kernel));
  else eachInWindow(plane, attributes, (_, window) => counts[window]!++);
  return counts.map((count) => 1 / count);
}

export const averagePool2dOp = defineOp<AveragePoolingAttributes, [x: Tensor]>({
  name: 'averagePool2d',
  infer: ([x], attributes) => inferPooling('averagePool2d', x, attributes),
  // A window's mean is a convolution of each channel by itself with ones: its gradient is that convolution's.
  gradient: ({ inputs: [x], gradients: [g], attributes }) => {
    const shape = x.shape as number[];
    const [height, width] = g.shape.slice(2) as [number, number];
    const share = constant(tensorData('float32', [height, width], shares(shape, attributes)));
    const { kernel, stride, padding } = attributes;
    const ones = fill([shape[1]!, 1, ...kernel], 1);
    const convolution = { stride, padding, dilation: [1, 1] as const, groups: shape[1]!, shape };
    return [apply(convGradInputOp, [multiply(g, share), ones], convolution)];
  },
  evaluate: ([x], attributes) => {
    const shape = pooledShape(x.shape, attributes) as number[];
    const share = shares(x.shape, attributes);
    const data = new Float64Array(sizeOf(shape));
    eachInWindow(x.shape, attributes, (offset, window) => {
      data[window]! += x.data[offset]! * share[window % share.length]!;
    });
    return [{ dtype: 'float32', shape, data }];
  },
});

/** Mean of each window. */
export function averagePool2d(x: Tensor, { countPadding = true, ...options }: AveragePoolingOptions): Tensor {
  return apply(averagePool2dOp, [x], { ...poolingAttributes(options), countPadding });
}
