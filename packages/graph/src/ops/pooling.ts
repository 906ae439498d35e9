import { check } from '../errors.js';
import { apply, defineOp, type OpDefinition } from '../op.js';
import { type Dimension, formatType, type Shape, type Tensor } from '../tensor.js';
import { sizeOf } from '../tensor-data.js';
import { convolutionAttributes, convolutionOutputSize, type Padding, type Pair } from './convolution.js';
import { reduceMean } from './reduction.js';

export interface PoolingAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}

export interface PoolingOptions {
  readonly kernel: number | Pair;
  /** Default: the kernel. */
  readonly stride?: number | Pair;
  readonly padding?: number | Pair | Padding;
}

function poolingAttributes({ kernel, stride = kernel, padding = 0 }: PoolingOptions): PoolingAttributes {
  const window = convolutionAttributes({ stride, padding, dilation: kernel });
  return { kernel: window.dilation, stride: window.stride, padding: window.padding };
}

function outputShape(x: Shape, { kernel, stride, padding }: PoolingAttributes): Dimension[] {
  const [n, c, h, w] = x as [Dimension, number, number, number];
  return [
    n,
    c,
    convolutionOutputSize(h, kernel[0], stride[0], padding[0] + padding[2], 1),
    convolutionOutputSize(w, kernel[1], stride[1], padding[1] + padding[3], 1),
  ];
}

/** Offset into x of the first maximum of each window, in the order in which windows are read. What NaN does is undefined. */
function argMaxima(
  x: { shape: readonly number[]; data: ArrayLike<number> },
  attributes: PoolingAttributes,
): Int32Array {
  const { kernel, stride, padding } = attributes;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [, , oh, ow] = outputShape(x.shape, attributes) as [number, number, number, number];
  const result = new Int32Array(n * c * oh * ow);
  for (let plane = 0, k = 0; plane < n * c; plane++) {
    for (let row = 0; row < oh; row++) {
      for (let column = 0; column < ow; column++, k++) {
        let best = -1;
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const [y, at] = [row * stride[0] - padding[0] + ky, column * stride[1] - padding[1] + kx];
            if (y < 0 || y >= h || at < 0 || at >= w) continue;
            const offset = (plane * h + y) * w + at;
            if (best < 0 || x.data[offset]! > x.data[best]!) best = offset;
          }
        }
        result[k] = best;
      }
    }
  }
  return result;
}

export const maxPool2dOp = defineOp<PoolingAttributes>({
  name: 'maxPool2d',
  infer: ([x], attributes) => {
    check(x!.shape.length === 4 && x!.dtype === 'float32', 'shape', () => ({
      rule: 'maxPool2d takes float32 [N, C, H, W]',
      received: formatType(x!),
    }));
    const { kernel, padding } = attributes;
    for (const axis of [0, 1] as const) {
      const room = (x!.shape[2 + axis] as number) + padding[axis] + padding[2 + axis]!;
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
    return [{ dtype: 'float32', shape: outputShape(x!.shape, attributes) }];
  },
  gradient: ({ inputs: [x], outputs: [y], gradients: [g], attributes }) => [
    apply(maxPoolGradOp, [g!, x!, y!], attributes),
  ],
  evaluate: ([x], attributes) => {
    const data = Float64Array.from(argMaxima(x!, attributes), (offset) => x!.data[offset]!);
    return [{ dtype: 'float32', shape: outputShape(x!.shape, attributes) as number[], data }];
  },
});

/** Each output's gradient goes to the first maximum of its window, as in PyTorch. */
export const maxPoolGradOp: OpDefinition<PoolingAttributes> = defineOp<PoolingAttributes>({
  name: 'maxPoolGrad',
  infer: ([g, x], attributes) => {
    const [y] = maxPool2dOp.infer([x!], attributes);
    check(formatType(g!) === formatType(y!), 'shape', () => ({
      rule: "maxPoolGrad takes the gradient of the pooling's output",
      received: formatType(g!),
      limit: formatType(y!),
    }));
    return [{ dtype: 'float32', shape: x!.shape }];
  },
  evaluate: ([g, x], attributes) => {
    const data = new Float64Array(sizeOf(x!.shape));
    for (const [k, offset] of argMaxima(x!, attributes).entries()) data[offset]! += g!.data[k]!;
    return [{ dtype: 'float32', shape: x!.shape, data }];
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
