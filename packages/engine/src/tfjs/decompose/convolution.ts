import {
  add,
  type ConvolutionAttributes,
  type ConvolutionGradientAttributes,
  concat,
  constant,
  conv2d,
  conv2dOp,
  convGradInputOp,
  convGradWeightOp,
  fill,
  matMul,
  multiply,
  type Padding,
  pad,
  reduceSum,
  reshape,
  reverse,
  slice,
  split,
  type Tensor,
  tensorData,
  transpose,
} from '@nats/graph';
import { type Decompositions, decomposition, type InputsOf } from './decomposition.js';
import { insertZeros } from './insert-zeros.js';

/** Groups of one channel each have a kernel on every backend; others are convolved one after the other. */
function forward([x, w, bias]: InputsOf<typeof conv2dOp>, attributes: ConvolutionAttributes): Tensor | undefined {
  if (bias) return add(conv2d(x, w, attributes), reshape(bias, [bias.shape[0]!, 1, 1]));
  const { groups } = attributes;
  const [o, perGroup] = w.shape as [number, number];
  if (groups === 1) return undefined;
  if (perGroup === 1) return depthwise(x, w, attributes);
  const equal = (size: number) => new Array<number>(groups).fill(size);
  const maps = split(x, equal(perGroup), 1);
  const weights = split(w, equal(o / groups), 0);
  return concat(
    maps.map((map, i) => conv2d(map, weights[i]!, { ...attributes, groups: 1 })),
    1,
  );
}

/** The kernel for one channel per group has a stride or a dilation, not both. */
function depthwise(x: Tensor, w: Tensor, attributes: ConvolutionAttributes): Tensor | undefined {
  const { stride, dilation } = attributes;
  if (Math.max(...stride) === 1 || Math.max(...dilation) === 1) return undefined;
  const dense = conv2d(x, w, { ...attributes, stride: 1 });
  const [h, width] = dense.shape.slice(2) as [number, number];
  return slice(dense, { 2: [0, h, stride[0]], 3: [0, width, stride[1]] });
}

/** Pads rows and columns of `[N, C, H, W]`; negative numbers crop. */
function padMap(x: Tensor, [top, left, bottom, right]: Padding): Tensor {
  const [h, w] = x.shape.slice(2) as [number, number];
  const crop = (side: number) => Math.max(-side, 0);
  const cropped = slice(x, { 2: [crop(top), h - crop(bottom)], 3: [crop(left), w - crop(right)] });
  const sides = [top, left, bottom, right].map((side) => Math.max(side, 0)) as [number, number, number, number];
  return pad(cropped, [
    [0, 0],
    [0, 0],
    [sides[0], sides[2]],
    [sides[1], sides[3]],
  ]);
}

/** Exchange matrices larger than this cost more than they save. */
const MOST_TAPS = 64;

/**
 * The kernel flipped (180 degrees): a product with an exchange matrix, ten times as fast as Reverse on wasm and exact,
 * since every sum has one term that is not zero.
 */
function reversedTaps(w: Tensor): Tensor {
  const [o, i, kh, kw] = w.shape as [number, number, number, number];
  const count = kh * kw;
  if (count === 1) return w;
  if (count > MOST_TAPS) return reverse(w, [2, 3]);
  const exchange = Float32Array.from({ length: count * count }, (_, k) =>
    Math.floor(k / count) + (k % count) === count - 1 ? 1 : 0,
  );
  const product = matMul(reshape(w, [o * i, count]), constant(tensorData('float32', [count, count], exchange)));
  return reshape(product, [o, i, kh, kw]);
}

/**
 * A convolution of the gradient, zeros between its values where the forward one had a stride, with the kernel turned by
 * 180 degrees and its channel axes swapped inside each group: Conv2D alone, for any stride, dilation and groups.
 */
function gradInput([g, w]: InputsOf<typeof convGradInputOp>, attributes: ConvolutionGradientAttributes): Tensor {
  const { groups, dilation, padding, stride, shape } = attributes;
  if (g.shape.includes(0) || shape.includes(0)) return fill(shape, 0);
  const [o, perGroup, kh, kw] = w.shape as [number, number, number, number];
  const reversed = reversedTaps(w);
  const grouped = reshape(reversed, [groups, o / groups, perGroup, kh, kw]);
  const flipped = reshape(transpose(grouped, [0, 2, 1, 3, 4]), [groups * perGroup, o / groups, kh, kw]);
  const kernel = groups === 1 ? transpose(reversed, [1, 0, 2, 3]) : flipped;
  const apart = insertZeros(g, [1, 1, ...stride]);
  const before = [dilation[0] * (kh - 1) - padding[0], dilation[1] * (kw - 1) - padding[1]] as const;
  const after = ([0, 1] as const).map(
    (axis) =>
      shape[2 + axis]! +
      dilation[axis] * ((axis === 0 ? kh : kw) - 1) -
      before[axis] -
      (apart.shape[2 + axis] as number),
  ) as [number, number];
  const padded = padMap(apart, [...before, ...after]);
  return conv2d(padded, kernel, { dilation, groups });
}

/** For each tap of the kernel what it saw, of a padded map with its rows and columns on two neighboring axes. */
function taps(padded: Tensor, axis: number, g: Tensor, attributes: ConvolutionGradientAttributes): Tensor[] {
  const { dilation, stride, shape } = attributes;
  const [kh, kw] = shape.slice(2) as [number, number];
  const [oh, ow] = g.shape.slice(2) as [number, number];
  return Array.from({ length: kh * kw }, (_, tap) => {
    const [y, at] = [Math.floor(tap / kw) * dilation[0], (tap % kw) * dilation[1]];
    return slice(padded, {
      [axis]: [y, y + (oh - 1) * stride[0] + 1, stride[0]],
      [axis + 1]: [at, at + (ow - 1) * stride[1] + 1, stride[1]],
    });
  });
}

/** One matrix product for each tap of the kernel: what the tap saw by the gradient, summed over all pixels. */
function gradWeight([g, x]: InputsOf<typeof convGradWeightOp>, attributes: ConvolutionGradientAttributes): Tensor {
  const { groups, shape } = attributes;
  if (g.shape.includes(0)) return fill(shape, 0);
  const [o, perGroup, kh, kw] = shape as [number, number, number, number];
  const padded = padMap(x, attributes.padding);
  if (perGroup === 1 && groups > 1) return depthwiseGradWeight(g, taps(padded, 2, g, attributes), shape, groups);
  const [n, , oh, ow] = g.shape as [number, number, number, number];
  const [, c, height, width] = padded.shape as [number, number, number, number];
  // The reshape makes channels the first axis in memory, once for all taps.
  const planes = reshape(transpose(padded, [1, 0, 2, 3]), [c * n, height, width]);
  const pixels = n * oh * ow;
  const gradient = reshape(transpose(g, [0, 2, 3, 1]), [pixels, groups, o / groups]);
  const right = groups === 1 ? reshape(gradient, [pixels, o]) : transpose(gradient, [1, 0, 2]);
  const products = taps(planes, 1, g, attributes).map((map) => {
    const left = reshape(map, [...(groups === 1 ? [] : [groups]), perGroup, pixels]);
    return reshape(matMul(left, right), [1, groups, perGroup, o / groups]);
  });
  const all = transpose(concat(products, 0), [1, 3, 2, 0]);
  return reshape(all, [o, perGroup, kh, kw]);
}

function depthwiseGradWeight(g: Tensor, seen: readonly Tensor[], shape: readonly number[], groups: number): Tensor {
  const [o, , kh, kw] = shape as [number, number, number, number];
  const [n, , oh, ow] = g.shape as [number, number, number, number];
  const multiplier = o / groups;
  const gradient = multiplier === 1 ? g : reshape(g, [n, groups, multiplier, oh * ow]);
  const sums = seen.map((map) => {
    const own = multiplier === 1 ? map : reshape(map, [n, groups, 1, oh * ow]);
    return reshape(reduceSum(multiply(own, gradient), { axes: multiplier === 1 ? [0, 2, 3] : [0, 3] }), [1, o]);
  });
  return reshape(transpose(concat(sums, 0), [1, 0]), [o, 1, kh, kw]);
}

export const convolutionDecompositions: Decompositions = [
  decomposition(conv2dOp, forward),
  decomposition(convGradInputOp, gradInput),
  decomposition(convGradWeightOp, gradWeight),
];
