import { check } from '../errors.js';
import { apply, defineOp, type OpDefinition } from '../op.js';
import { type Dimension, formatType, type Shape, type Tensor, type TensorType } from '../tensor.js';
import { sizeOf, type TensorData, tensorData } from '../tensor-data.js';
import { multiply } from './binary.js';
import {
  convGradInputOp,
  convolutionAttributes,
  convolutionOutputSize,
  type Padding,
  type Pair,
} from './convolution.js';
import { reduceMean } from './reduction.js';
import { constant, fill } from './source.js';

/** Attributes of max pooling. */
export interface PoolingAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}

/** Options of `maxPool2d`. */
export interface PoolingOptions {
  readonly kernel: number | Pair;
  /** Default: the kernel. */
  readonly stride?: number | Pair;
  /** As that of `conv2d`; smaller than the kernel. */
  readonly padding?: number | Pair | Padding;
}

function poolingAttributes({ kernel, stride = kernel, padding = 0 }: PoolingOptions): PoolingAttributes {
  const window = convolutionAttributes({ stride, padding, dilation: kernel });
  return { kernel: window.dilation, stride: window.stride, padding: window.padding };
}

function pooledShape(x: Shape, { kernel, stride, padding }: PoolingAttributes): Dimension[] {
  const [n, c, h, w] = x as [Dimension, number, number, number];
  return [
    n,
    c,
    convolutionOutputSize(h, kernel[0], stride[0], padding[0] + padding[2], 1),
    convolutionOutputSize(w, kernel[1], stride[1], padding[1] + padding[3], 1),
  ];
}

function inferPooling(name: string, x: TensorType, attributes: PoolingAttributes): [TensorType] {
  check(x.shape.length === 4 && x.dtype === 'float32', 'shape', () => ({
    rule: `${name} takes float32 [N, C, H, W]`,
    received: formatType(x),
  }));
  const { kernel, padding } = attributes;
  for (const axis of [0, 1] as const) {
    const room = (x.shape[2 + axis] as number) + padding[axis] + padding[2 + axis]!;
    check(kernel[axis] <= room, 'shape', () => ({
      rule: 'a pooling window fits into its padded input',
      received: `a window of ${kernel[axis]} on ${room} ${axis === 0 ? 'rows' : 'columns'}`,
    }));
  }
  check(
    padding.every((side, i) => side < kernel[i % 2]!),
    'attribute',
    () => ({
      rule: 'padding is smaller than the kernel, so that every window holds a value',
      received: `padding [${padding.join(', ')}], kernel [${kernel.join(', ')}]`,
    }),
  );
  return [{ dtype: 'float32', shape: pooledShape(x.shape, attributes) }];
}

/** Visits the values inside each window, windows in row-major order: offset in x, number of the window. */
function eachInWindow(
  x: readonly number[],
  attributes: PoolingAttributes,
  visit: (offset: number, window: number) => void,
): void {
  const { kernel, stride, padding } = attributes;
  const [n, c, h, w] = x as [number, number, number, number];
  const [, , oh, ow] = pooledShape(x, attributes) as [number, number, number, number];
  for (let plane = 0, window = 0; plane < n * c; plane++) {
    for (let row = 0; row < oh; row++) {
      for (let column = 0; column < ow; column++, window++) {
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const [y, at] = [row * stride[0] - padding[0] + ky, column * stride[1] - padding[1] + kx];
            if (y >= 0 && y < h && at >= 0 && at < w) visit((plane * h + y) * w + at, window);
          }
        }
      }
    }
  }
}

/** Offset into x of the first maximum of each window, in the order in which windows are read. What NaN does is undefined. */
function argMaxima(x: TensorData, attributes: PoolingAttributes): Int32Array {
  const result = new Int32Array(sizeOf(pooledShape(x.shape, attributes) as number[])).fill(-1);
  eachInWindow(x.shape, attributes, (offset, window) => {
    const best = result[window]!;
    if (best < 0 || x.data[offset]! > x.data[best]!) result[window] = offset;
  });
  return result;
}

/** The op of `maxPool2d`. */
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

/** Attributes of `averagePool2d`. */
export interface AveragePoolingAttributes extends PoolingAttributes {
  readonly countPadding: boolean;
}

/** Options of `averagePool2d`. */
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

/** The op of `averagePool2d`. */
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
