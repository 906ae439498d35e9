import { check, NatsError } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { type Dimension, formatShape, formatType, sameShape, type Tensor } from '../tensor.js';
import { sizeOf, stridesOf } from '../tensor-data.js';
import { normalizeAxes, normalizeAxis } from './axes.js';
import { referenceArray } from './broadcast.js';
import { reshape } from './reshape.js';
import { gatherByStrides } from './strided-view.js';

/** Attributes of `slice`. */
export interface SliceAttributes {
  /** One per axis, non-negative. */
  readonly starts: readonly number[];
  /** Elements of the result, one number per axis; 'N' keeps a leading batch whole. */
  readonly sizes: readonly Dimension[];
  readonly steps: readonly number[];
}

/** The op of `slice`. */
export const sliceOp = defineOp<SliceAttributes, [x: Tensor]>({
  name: 'slice',
  infer: ([x], { starts, sizes, steps }) => {
    for (const [axis, dimension] of x.shape.entries()) {
      const [start, size, step] = [starts[axis]!, sizes[axis]!, steps[axis]!];
      const whole = size === 'N' && dimension === 'N' && start === 0 && step === 1;
      const last = size === 'N' ? 0 : start + (size - 1) * step;
      check(
        whole ||
          (dimension !== 'N' &&
            [start, size, step].every(Number.isSafeInteger) &&
            step >= 1 &&
            start >= 0 &&
            last < dimension),
        'axis',
        () => ({
          rule: 'a slice stays inside its tensor, with steps of at least 1',
          received: `start ${start}, size ${size}, step ${step} on axis ${axis} of ${formatShape(x.shape)}`,
          limit: `0 to ${dimension}`,
        }),
      );
    }
    return [{ dtype: x.dtype, shape: sizes }];
  },
  gradient: ({ inputs: [x], gradients: [g], attributes: { starts, sizes, steps } }) => {
    const padding = x.shape.map((dimension, axis): [number, number] => {
      if (dimension === 'N') return [0, 0];
      const covered = sizes[axis] === 0 ? 0 : ((sizes[axis] as number) - 1) * steps[axis]! + 1;
      return [starts[axis]!, dimension - starts[axis]! - covered];
    });
    return [pad(dilate(g, steps), padding)];
  },
  evaluate: ([x], { starts, sizes, steps }) => {
    const strides = stridesOf(x.shape);
    const shape = sizes.map((size, axis) => (size === 'N' ? x.shape[axis]! : size));
    const start = starts.reduce((sum, value, axis) => sum + value * strides[axis]!, 0);
    return [
      gatherByStrides(
        x,
        shape,
        steps.map((step, axis) => step * strides[axis]!),
        start,
      ),
    ];
  },
});

/**
 * Part of a tensor: `start` to `end` (exclusive) with `step`, per axis; negative positions count from the end.
 * Axes that are not named stay whole.
 */
export function slice(
  x: Tensor,
  ranges: Readonly<Record<number, readonly [start: number, end: number, step?: number]>>,
): Tensor {
  const starts = x.shape.map(() => 0);
  const sizes: Dimension[] = [...x.shape];
  const steps = x.shape.map(() => 1);
  for (const [key, [start, end, step = 1]] of Object.entries(ranges)) {
    const axis = normalizeAxis(Number(key), x.shape.length);
    const dimension = x.shape[axis]!;
    if (dimension === 'N') {
      throw new NatsError('axis', { rule: "a slice is not along an unknown batch 'N'", received: `axis ${axis}` });
    }
    const from = start < 0 ? start + dimension : start;
    const to = Math.min(end < 0 ? end + dimension : end, dimension);
    starts[axis] = from;
    sizes[axis] = Math.max(0, Math.ceil((to - from) / step));
    steps[axis] = step;
  }
  if (sameShape(sizes, x.shape)) return x;
  return apply(sliceOp, [x], { starts, sizes, steps });
}

/** Slice along one axis, `start` to `end` exclusive. */
export function sliceAxis(x: Tensor, axis: number, start: number, end: number): Tensor {
  return slice(x, { [normalizeAxis(axis, x.shape.length)]: [start, end] });
}

/** Puts `step - 1` zeros between neighbors on each axis: the gradient of a strided slice. Composed of reshape and pad. */
function dilate(x: Tensor, steps: readonly number[]): Tensor {
  let result = x;
  for (const [axis, step] of steps.entries()) {
    if (step === 1 || result.shape[axis] === 0) continue;
    const shape = result.shape;
    const size = shape[axis] as number;
    const apart = pad(
      reshape(result, shape.toSpliced(axis + 1, 0, 1)),
      [...shape, 1].map((_, i) => [0, i === axis + 1 ? step - 1 : 0]),
    );
    result = sliceAxis(reshape(apart, shape.with(axis, size * step)), axis, 0, (size - 1) * step + 1);
  }
  return result;
}

/** Attributes of `pad`. */
export interface PadAttributes {
  /** `[before, after]` per axis, non-negative. */
  readonly padding: readonly (readonly [number, number])[];
  readonly value: number;
}

/** The op of `pad`. */
export const padOp = defineOp<PadAttributes, [x: Tensor]>({
  name: 'pad',
  infer: ([x], { padding, value }) => {
    const valid =
      padding.length === x.shape.length && padding.flat().every((size) => Number.isInteger(size) && size >= 0);
    check(valid, 'attribute', () => ({
      rule: 'padding is [before, after] for each axis, whole and not negative (slice to crop)',
      received: `${JSON.stringify(padding)} for ${formatShape(x.shape)}`,
    }));
    check(x.dtype !== 'bool' && !Number.isNaN(value), 'dtype', () => ({
      rule: 'pad takes numbers',
      received: formatType(x),
    }));
    return [
      {
        dtype: x.dtype,
        shape: x.shape.map((dimension, axis) => {
          const added = padding[axis]![0] + padding[axis]![1];
          check(dimension !== 'N' || added === 0, 'axis', () => ({
            rule: "an unknown batch 'N' is not padded",
            received: `axis ${axis}`,
          }));
          return dimension === 'N' ? dimension : dimension + added;
        }),
      },
    ];
  },
  gradient: ({ inputs: [x], gradients: [g], attributes: { padding } }) => [
    slice(
      g,
      Object.fromEntries(
        x.shape.flatMap((size, axis) => (size === 'N' ? [] : [[axis, [padding[axis]![0], padding[axis]![0] + size]]])),
      ),
    ),
  ],
  evaluate: ([x], { padding, value }) => {
    const shape = x.shape.map((size, axis) => size + padding[axis]![0] + padding[axis]![1]);
    const strides = stridesOf(shape);
    const data = referenceArray(x.dtype, sizeOf(shape)).fill(value);
    const index = x.shape.map(() => 0);
    for (let i = 0; i < x.data.length; i++) {
      data[index.reduce((sum, at, axis) => sum + (at + padding[axis]![0]) * strides[axis]!, 0)] = x.data[i]!;
      for (let axis = index.length - 1; axis >= 0; axis--) {
        if (++index[axis]! < x.shape[axis]!) break;
        index[axis] = 0;
      }
    }
    return [{ dtype: x.dtype, shape, data }];
  },
});

/** Surrounds with a constant; `[before, after]` per axis. */
export function pad(x: Tensor, padding: readonly (readonly [number, number])[], value = 0): Tensor {
  if (padding.length === x.shape.length && padding.every(([before, after]) => before === 0 && after === 0)) return x;
  return apply(padOp, [x], { padding: padding.map(([before, after]) => [before, after] as const), value });
}

/** The op of `reverse`. */
export const reverseOp = defineOp<{ readonly axes: readonly number[] }, [x: Tensor]>({
  name: 'reverse',
  infer: ([x], { axes }) => {
    normalizeAxes(axes, x.shape.length);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient: ({ gradients: [g], attributes: { axes } }) => [reverse(g, axes)],
  evaluate: ([x], { axes }) => {
    const strides = stridesOf(x.shape);
    const steps = strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
    const start = axes.reduce((sum, axis) => sum + Math.max(0, x.shape[axis]! - 1) * strides[axis]!, 0);
    return [gatherByStrides(x, x.shape, steps, start)];
  },
});

/** Reverses the order along axes. */
export function reverse(x: Tensor, axes: readonly number[]): Tensor {
  return axes.length === 0 ? x : apply(reverseOp, [x], { axes: normalizeAxes(axes, x.shape.length) });
}
