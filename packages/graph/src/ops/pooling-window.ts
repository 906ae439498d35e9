import { check } from '../errors.js';
import { type Dimension, formatType, type Shape, type TensorType } from '../tensor.js';
import { convolutionAttributes, convolutionOutputSize, type Padding, type Pair } from './convolution.js';

export interface PoolingAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}

export interface PoolingOptions {
  readonly kernel: number | Pair;
  /** Default: the kernel. */
  readonly stride?: number | Pair;
  /** As that of `conv2d`; smaller than the kernel. */
  readonly padding?: number | Pair | Padding;
}

export function poolingAttributes({ kernel, stride = kernel, padding = 0 }: PoolingOptions): PoolingAttributes {
  const window = convolutionAttributes({ stride, padding, dilation: kernel });
  return { kernel: window.dilation, stride: window.stride, padding: window.padding };
}

export function pooledShape(x: Shape, { kernel, stride, padding }: PoolingAttributes): Dimension[] {
  const [n, c, h, w] = x as [Dimension, number, number, number];
  return [
    n,
    c,
    convolutionOutputSize(h, kernel[0], stride[0], padding[0] + padding[2], 1),
    convolutionOutputSize(w, kernel[1], stride[1], padding[1] + padding[3], 1),
  ];
}

export function inferPooling(name: string, x: TensorType, attributes: PoolingAttributes): [TensorType] {
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
export function eachInWindow(
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
