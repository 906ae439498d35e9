import { check } from '../errors.js';
import { apply, defineOp, type OpDefinition } from '../op.js';
import { formatShape, formatType, type Shape, sameShape, type Tensor, type TensorType } from '../tensor.js';
import { sizeOf, stridesOf, type TensorData } from '../tensor-data.js';
import { normalizeAxes } from './axes.js';
import { divide, equal, multiply } from './binary.js';
import { referenceArray } from './broadcast.js';
import { cast } from './cast.js';
import { broadcastTo, reshape } from './reshape.js';
import { negate } from './unary.js';

/** Attributes of `reduceSum` and `reduceMax`: axes from 0, in order. */
export interface ReductionAttributes {
  /** Sorted, non-negative. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Options of reductions. */
export interface ReductionOptions {
  /** Axes to reduce; negative ones count from the end. All by default. */
  readonly axes?: readonly number[];
  /** Keep reduced axes with size 1. */
  readonly keepDims?: boolean;
}

function inferReduction([x]: readonly [x: TensorType], { axes, keepDims }: ReductionAttributes): [TensorType] {
  check(x.dtype === 'float32' || x.dtype === 'int32', 'dtype', () => ({
    rule: 'reductions take float32 or int32',
    received: formatType(x),
    limit: 'cast it first',
  }));
  const shape = x.shape
    .map((dimension, axis) => (axes.includes(axis) ? 1 : dimension))
    .filter((_, axis) => keepDims || !axes.includes(axis));
  return [{ dtype: x.dtype, shape }];
}

/** Puts size-1 axes back where a reduction removed them, so that a result broadcasts against the reduction's input. */
function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension));
}

function evaluateReduction(
  x: TensorData,
  attributes: ReductionAttributes,
  start: number,
  combine: (a: number, b: number) => number,
): TensorData {
  const kept = keptShape(x.shape, attributes.axes) as number[];
  const strides = stridesOf(kept);
  const data = referenceArray(x.dtype, sizeOf(kept)).fill(start);
  const index = new Array<number>(x.shape.length).fill(0);
  for (let i = 0; i < x.data.length; i++) {
    let offset = 0;
    for (let axis = 0; axis < index.length; axis++) if (kept[axis] !== 1) offset += index[axis]! * strides[axis]!;
    data[offset] = combine(data[offset]!, x.data[i]!);
    for (let axis = index.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < x.shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return { dtype: x.dtype, shape: inferReduction([x], attributes)[0].shape as number[], data };
}

function countOf(x: TensorType, axes: readonly number[]): number {
  return axes.reduce((count, axis) => {
    const dimension = x.shape[axis]!;
    check(dimension !== 'N', 'axis', () => ({
      rule: 'a mean over the batch needs a known batch size',
      received: formatShape(x.shape),
      limit: "a number instead of 'N'",
    }));
    return count * (dimension as number);
  }, 1);
}

/** The op of `reduceSum`. */
export const reduceSumOp = defineOp<ReductionAttributes, [x: Tensor]>({
  name: 'reduceSum',
  infer: inferReduction,
  gradient: ({ inputs: [x], gradients: [g], attributes }) => [
    broadcastTo(reshape(g, keptShape(x.shape, attributes.axes)), x.shape),
  ],
  evaluate: ([x], attributes) => [evaluateReduction(x, attributes, 0, (a, b) => a + b)],
});

/** The gradient is shared equally between all maxima, so that it does not depend on an order. */
export const reduceMaxOp = defineOp<ReductionAttributes, [x: Tensor]>({
  name: 'reduceMax',
  infer: (inputs, attributes) => {
    for (const axis of attributes.axes) {
      check(inputs[0].shape[axis] !== 0, 'shape', () => ({
        rule: 'a maximum is taken over at least one element',
        received: formatShape(inputs[0].shape),
      }));
    }
    return inferReduction(inputs, attributes);
  },
  gradient: ({ inputs: [x], outputs: [y], gradients: [g], attributes: { axes } }) => {
    const kept = keptShape(x.shape, axes);
    const isMaximum = cast(equal(x, reshape(y, kept)), 'float32');
    const share = divide(reshape(g, kept), reduceSum(isMaximum, { axes, keepDims: true }));
    return [multiply(isMaximum, share)];
  },
  evaluate: ([x], attributes) => {
    const least = x.dtype === 'int32' ? -(2 ** 31) : Number.NEGATIVE_INFINITY;
    return [evaluateReduction(x, attributes, least, Math.max)];
  },
});

function reduce(op: OpDefinition<ReductionAttributes, [x: Tensor]>, x: Tensor, options: ReductionOptions): Tensor {
  const axes = normalizeAxes(options.axes ?? x.shape.map((_, axis) => axis), x.shape.length);
  if (axes.length === 0) return x;
  return apply(op, [x], { axes, keepDims: options.keepDims ?? false });
}

/** Sum over the axes (all by default). */
export function reduceSum(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduce(reduceSumOp, x, options);
}

/** Maximum over the axes (all by default); its gradient is shared by all maxima. */
export function reduceMax(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduce(reduceMaxOp, x, options);
}

/** Minimum over the axes (all by default). */
export function reduceMin(x: Tensor, options: ReductionOptions = {}): Tensor {
  return negate(reduceMax(negate(x), options));
}

/** Mean over the axes (all by default). @throws NatsError `axis` for a mean over an unknown batch size, `dtype` for a mean of whole numbers */
export function reduceMean(x: Tensor, options: ReductionOptions = {}): Tensor {
  check(x.dtype === 'float32', 'dtype', () => ({
    rule: 'a mean is one of float32',
    received: formatType(x),
    limit: 'cast it first',
  }));
  const axes = normalizeAxes(options.axes ?? x.shape.map((_, axis) => axis), x.shape.length);
  return multiply(reduceSum(x, { ...options, axes }), 1 / countOf(x, axes));
}

/** Sums away what broadcasting to `x`'s shape repeated: the gradient of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dimension, axis) =>
    axis < lead || (shape[axis - lead] === 1 && dimension !== 1) ? [axis] : [],
  );
  return reshape(reduceSum(x, { axes }), shape);
}
