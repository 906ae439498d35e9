import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { type Dimension, formatType, type Shape, type Tensor, type TensorType } from '../tensor.js';
import { sizeOf } from '../tensor-data.js';
import { reduceSum } from './reduction.js';
import { fill } from './source.js';

/** Per axis `[height, width]`. */
export type Pair = readonly [number, number];

/** Padding per side: `[top, left, bottom, right]`, ONNX's order. */
export type Padding = readonly [number, number, number, number];

/** Everything that says how a 2-D convolution moves over its input. */
export interface ConvolutionAttributes {
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
}

/** Options of `conv2d`. */
export interface ConvolutionOptions {
  /** Default 1. */
  readonly stride?: number | Pair;
  /** One number for all sides, `[vertical, horizontal]`, or `[top, left, bottom, right]`. Default 0. */
  readonly padding?: number | Pair | Padding;
  /** Distance between kernel taps; default 1. */
  readonly dilation?: number | Pair;
  /** Channels are divided into this many groups that do not see each other; default 1. */
  readonly groups?: number;
}

const pair = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : [value[0], value[1]]);

/** Options with their defaults filled in. @throws NatsError `attribute` */
export function convolutionAttributes(options: ConvolutionOptions): ConvolutionAttributes {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [top, left, bottom = top, right = left] = typeof padding === 'number' ? pair(padding) : padding;
  const attributes = {
    stride: pair(stride),
    padding: [top, left, bottom, right] as const,
    dilation: pair(dilation),
    groups,
  };
  const positive = [...attributes.stride, ...attributes.dilation, groups].every((n) => Number.isInteger(n) && n >= 1);
  check(positive && attributes.padding.every((n) => Number.isInteger(n) && n >= 0), 'attribute', () => ({
    rule: 'stride, dilation and groups are whole numbers of at least 1, padding of at least 0',
    received: JSON.stringify(attributes),
  }));
  return attributes;
}

/** Length of the output along one axis: floor((size + padding - dilation (kernel - 1) - 1) / stride) + 1. */
export function convolutionOutputSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): number {
  return Math.floor((size + padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

function outputShape(x: Shape, w: Shape, { stride, padding, dilation }: ConvolutionAttributes): Dimension[] {
  const [height, width] = [x[2], x[3]] as [number, number];
  const [kh, kw] = [w[2], w[3]] as [number, number];
  return [
    x[0]!,
    w[0]!,
    convolutionOutputSize(height, kh, stride[0], padding[0] + padding[2], dilation[0]),
    convolutionOutputSize(width, kw, stride[1], padding[1] + padding[3], dilation[1]),
  ];
}

function checkConvolution(x: TensorType, w: TensorType, attributes: ConvolutionAttributes): void {
  const { groups } = attributes;
  check(x.shape.length === 4 && x.dtype === 'float32', 'shape', () => ({
    rule: "a convolution's input is float32 [N, C, H, W]",
    received: formatType(x),
  }));
  check(w.shape.length === 4 && w.dtype === 'float32', 'shape', () => ({
    rule: "a convolution's weight is float32 [O, I, kh, kw]",
    received: formatType(w),
  }));
  const [out, perGroup, kh, kw] = w.shape as number[];
  check(out! % groups === 0 && x.shape[1] === perGroup! * groups, 'shape', () => ({
    rule: "a convolution's groups divide its output channels, and input channels are groups times the weight's second dimension",
    received: `input ${formatType(x)}, weight ${formatType(w)}, groups ${groups}`,
    limit: `${perGroup! * groups} input channels`,
  }));
  check(out! > 0 && perGroup! > 0 && kh! > 0 && kw! > 0, 'shape', () => ({
    rule: "a convolution's weight has elements",
    received: formatType(w),
  }));
  const { padding, dilation } = attributes;
  for (const axis of [0, 1] as const) {
    const room = (x.shape[2 + axis] as number) + padding[axis] + padding[2 + axis]!;
    const extent = dilation[axis] * ((w.shape[2 + axis] as number) - 1) + 1;
    check(extent <= room, 'shape', () => ({
      rule: "a convolution's dilated kernel fits into its padded input",
      received: `a kernel of extent ${extent} on ${room} ${axis === 0 ? 'rows' : 'columns'}`,
      limit: 'more padding, a larger input, or a smaller kernel or dilation',
    }));
  }
}

type Loop = (visit: (x: number, w: number, y: number) => void) => void;

/** Visits every multiply-add of a convolution as offsets into x, w and y: the one definition that all three ops share. */
function multiplyAdds(x: readonly number[], w: readonly number[], attributes: ConvolutionAttributes): Loop {
  const { stride, padding, dilation, groups } = attributes;
  const [n, c, h, width] = x as [number, number, number, number];
  const [o, i, kh, kw] = w as [number, number, number, number];
  const [, , oh, ow] = outputShape(x, w, attributes) as [number, number, number, number];
  const perGroup = o / groups;
  return (visit) => {
    for (let batch = 0; batch < n; batch++) {
      for (let out = 0; out < o; out++) {
        const group = Math.floor(out / perGroup);
        for (let inner = 0; inner < i; inner++) {
          const plane = (batch * c + group * i + inner) * h;
          for (let ky = 0; ky < kh; ky++) {
            for (let kx = 0; kx < kw; kx++) {
              const weight = ((out * i + inner) * kh + ky) * kw + kx;
              for (let row = 0; row < oh; row++) {
                const y = row * stride[0] - padding[0] + ky * dilation[0];
                if (y < 0 || y >= h) continue;
                for (let column = 0; column < ow; column++) {
                  const at = column * stride[1] - padding[1] + kx * dilation[1];
                  if (at < 0 || at >= width) continue;
                  visit((plane + y) * width + at, weight, ((batch * o + out) * oh + row) * ow + column);
                }
              }
            }
          }
        }
      }
    }
  };
}

/** The op of `conv2d`. */
export const conv2dOp = defineOp<ConvolutionAttributes, [x: Tensor, w: Tensor, bias?: Tensor]>({
  name: 'conv2d',
  infer: ([x, w, bias], attributes) => {
    checkConvolution(x, w, attributes);
    check(!bias || formatType(bias) === `float32[${w.shape[0]}]`, 'shape', () => ({
      rule: "a convolution's bias is float32 with one value for each output channel",
      received: formatType(bias!),
      limit: `float32[${w.shape[0]}]`,
    }));
    return [{ dtype: 'float32', shape: outputShape(x.shape, w.shape, attributes) }];
  },
  gradient: ({ inputs: [x, w, bias], gradients: [g], attributes, needed }) => [
    needed[0] ? convGradInput(g, w, x.shape as number[], attributes) : undefined,
    needed[1] ? convGradWeight(g, x, w.shape as number[], attributes) : undefined,
    ...(bias ? [needed[2] ? reduceSum(g, { axes: [0, 2, 3] }) : undefined] : []),
  ],
  evaluate: ([x, w, bias], attributes) => {
    const shape = outputShape(x.shape, w.shape, attributes) as number[];
    const data = new Float64Array(sizeOf(shape));
    if (bias) {
      const pixels = shape[2]! * shape[3]!;
      for (let i = 0; i < data.length; i++) data[i] = bias.data[Math.floor(i / pixels) % shape[1]!]!;
    }
    multiplyAdds(
      x.shape,
      w.shape,
      attributes,
    )((i, j, k) => {
      data[k]! += x.data[i]! * w.data[j]!;
    });
    return [{ dtype: 'float32', shape, data }];
  },
});

/** Attributes of `convGradInput` and `convGradWeight`. */
export interface ConvolutionGradientAttributes extends ConvolutionAttributes {
  /** Shape of the input, or of the weight, whose gradient it is. */
  readonly shape: readonly number[];
}

/** First-class, so that each engine lowers it in its best way by shape. */
export const convGradInputOp = defineOp<ConvolutionGradientAttributes, [g: Tensor, w: Tensor]>({
  name: 'convGradInput',
  infer: ([g, w], attributes) => {
    const { shape } = attributes;
    checkConvolution({ dtype: 'float32', shape }, w, attributes);
    checkGradient('convGradInput', g, outputShape(shape, w.shape, attributes));
    return [{ dtype: 'float32', shape }];
  },
  gradient: ({ inputs: [g, w], gradients: [d], attributes, needed }) => [
    needed[0] ? apply(conv2dOp, [d, w], withoutShape(attributes)) : undefined,
    needed[1] ? convGradWeight(g, d, w.shape as number[], attributes) : undefined,
  ],
  evaluate: ([g, w], attributes) => {
    const data = new Float64Array(sizeOf(attributes.shape));
    multiplyAdds(
      attributes.shape,
      w.shape,
      attributes,
    )((i, j, k) => {
      data[i]! += g.data[k]! * w.data[j]!;
    });
    return [{ dtype: 'float32', shape: attributes.shape, data }];
  },
});

/** First-class, so that each engine lowers it in its best way by shape. */
export const convGradWeightOp = defineOp<ConvolutionGradientAttributes, [g: Tensor, x: Tensor]>({
  name: 'convGradWeight',
  infer: ([g, x], attributes) => {
    const { shape } = attributes;
    checkConvolution(x, { dtype: 'float32', shape }, attributes);
    checkGradient('convGradWeight', g, outputShape(x.shape, shape, attributes));
    return [{ dtype: 'float32', shape }];
  },
  gradient: ({ inputs: [g, x], gradients: [d], attributes, needed }) => [
    needed[0] ? apply(conv2dOp, [x, d], withoutShape(attributes)) : undefined,
    needed[1] ? convGradInput(g, d, x.shape as number[], attributes) : undefined,
  ],
  evaluate: ([g, x], attributes) => {
    const data = new Float64Array(sizeOf(attributes.shape));
    multiplyAdds(
      x.shape,
      attributes.shape,
      attributes,
    )((i, j, k) => {
      data[j]! += x.data[i]! * g.data[k]!;
    });
    return [{ dtype: 'float32', shape: attributes.shape, data }];
  },
});

function withoutShape({ stride, padding, dilation, groups }: ConvolutionGradientAttributes): ConvolutionAttributes {
  return { stride, padding, dilation, groups };
}

function checkGradient(name: string, g: TensorType, expected: Shape): void {
  check(g.dtype === 'float32' && g.shape.join() === expected.join(), 'shape', () => ({
    rule: `${name} takes the gradient of the convolution's output`,
    received: formatType(g),
    limit: `float32[${expected.join(', ')}]`,
  }));
}

/**
 * Two-dimensional cross-correlation, as in PyTorch and ONNX.
 * @param x `[N, C, H, W]`
 * @param w `[O, C / groups, kh, kw]`
 * @param bias `[O]`
 * @returns `[N, O, H', W']`
 */
export function conv2d(x: Tensor, w: Tensor, options: ConvolutionOptions = {}, bias?: Tensor): Tensor {
  return apply(conv2dOp, bias ? [x, w, bias] : [x, w], convolutionAttributes(options));
}

/** Gradient of `conv2d` with respect to its input of shape `shape` (also: a transposed convolution). */
export function convGradInput(
  g: Tensor,
  w: Tensor,
  shape: readonly number[],
  options: ConvolutionOptions = {},
): Tensor {
  return apply(convGradInputOp, [g, w], { ...convolutionAttributes(options), shape: [...shape] });
}

/** Gradient of `conv2d` with respect to its weight of shape `shape`, from `g` and the input `x`. */
export function convGradWeight(
  g: Tensor,
  x: Tensor,
  shape: readonly number[],
  options: ConvolutionOptions = {},
): Tensor {
  // Nothing to sum over: engines meet sizes of 0 in the middle of their lowerings.
  if (x.shape[0] === 0) return fill(shape, 0);
  return apply(convGradWeightOp, [g, x], { ...convolutionAttributes(options), shape: [...shape] });
}
