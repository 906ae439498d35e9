import { check, NatsError } from '../errors.js';
import { apply, applyAll, defineOp, type OpDefinition } from '../op.js';
import { type Dimension, formatShape, formatType, type Shape, sameShape, type Tensor } from '../tensor.js';
import { sizeOf, stridesOf, type TensorData } from '../tensor-data.js';
import { normalizeAxes, normalizeAxis } from './axes.js';
import { broadcastOffsets, broadcastShapes, referenceArray } from './broadcast.js';
import { sumTo } from './reduction.js';
import { fill } from './source.js';

// ---------------------------------------------------------------- reshape

/** A shape with an unknown batch has the same size as another if both begin with 'N' and the rest agree. */
function knownSize(shape: Shape): { batch: boolean; size: number } {
  const batch = shape[0] === 'N';
  return { batch, size: sizeOf((batch ? shape.slice(1) : shape) as number[]) };
}

export const reshapeOp = defineOp<{ readonly shape: Shape }, [x: Tensor]>({
  name: 'reshape',
  infer: ([x], { shape }) => {
    const [from, to] = [knownSize(x.shape), knownSize(shape)];
    check(from.batch === to.batch && from.size === to.size, 'shape', () => ({
      rule: "reshape keeps the number of elements, and a batch 'N' in front",
      received: `${formatShape(x.shape)} to ${formatShape(shape)}`,
      limit: `${from.size} elements${from.batch ? ' for each of N' : ''}`,
    }));
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [x], gradients: [g] }) => [reshape(g, x.shape)],
  evaluate: ([x], { shape }) => [{ ...x, shape: shape as number[] }],
});

/** Same elements in the same order. One dimension may be -1: the rest. */
export function reshape(x: Tensor, shape: readonly (Dimension | -1)[]): Tensor {
  const unknown = shape.indexOf(-1);
  let target: Shape = shape;
  if (unknown >= 0) {
    const known = knownSize(shape.filter((_, axis) => axis !== unknown) as Shape);
    const from = knownSize(x.shape);
    if (from.batch && !known.batch) target = shape.with(unknown, 'N');
    else target = shape.with(unknown, known.size === 0 ? 0 : from.size / known.size);
  }
  return sameShape(x.shape, target) ? x : apply(reshapeOp, [x], { shape: [...target] });
}

/** Collapses the axes from `start` (default 1) into one. */
export function flatten(x: Tensor, start = 1): Tensor {
  const lead = x.shape.slice(0, start);
  return reshape(x, [...lead, sizeOf(x.shape.slice(start) as number[])]);
}

// ---------------------------------------------------------------- transpose

export const transposeOp = defineOp<{ readonly permutation: readonly number[] }, [x: Tensor]>({
  name: 'transpose',
  infer: ([x], { permutation }) => {
    const complete = permutation.length === x.shape.length && x.shape.every((_, axis) => permutation.includes(axis));
    check(complete, 'axis', () => ({
      rule: 'a permutation names every axis once',
      received: `[${permutation.join(', ')}] for ${formatShape(x.shape)}`,
    }));
    return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis]!) }];
  },
  gradient: ({ gradients: [g], attributes: { permutation } }) => [
    transpose(
      g,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  evaluate: ([x], { permutation }) => {
    const from = stridesOf(x.shape);
    return [
      gatherByStrides(
        x,
        permutation.map((axis) => x.shape[axis]!),
        permutation.map((axis) => from[axis]!),
        0,
      ),
    ];
  },
});

/** Copies a strided view. Reference evaluation of transpose, slice and reverse. */
function gatherByStrides(x: TensorData, shape: readonly number[], steps: readonly number[], start: number): TensorData {
  const data = referenceArray(x.dtype, sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  let offset = start;
  for (let i = 0; i < data.length; i++) {
    data[i] = x.data[offset]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      offset += steps[axis]!;
      if (index[axis]! < shape[axis]!) break;
      offset -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { dtype: x.dtype, shape, data };
}

/** Result axis `i` is input axis `permutation[i]`. Default: all axes reversed. */
export function transpose(
  x: Tensor,
  permutation: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i),
): Tensor {
  if (permutation.length === x.shape.length && permutation.every((axis, i) => axis === i)) return x;
  return apply(transposeOp, [x], { permutation: [...permutation] });
}

// ---------------------------------------------------------------- broadcastTo

export const broadcastToOp = defineOp<{ readonly shape: Shape }, [x: Tensor]>({
  name: 'broadcastTo',
  infer: ([x], { shape }) => {
    check(sameShape(broadcastShapes(x.shape, shape), shape), 'shape', () => ({
      rule: 'broadcastTo only stretches dimensions of size 1 and adds leading ones',
      received: `${formatShape(x.shape)} to ${formatShape(shape)}`,
    }));
    check(shape[0] !== 'N' || (x.shape[0] === 'N' && x.shape.length === shape.length), 'shape', () => ({
      rule: "broadcastTo does not stretch to an unknown batch 'N'",
      received: `${formatShape(x.shape)} to ${formatShape(shape)}`,
      limit: 'a tensor that has the batch, or elementwise ops, which broadcast by themselves',
    }));
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [x], gradients: [g] }) => [sumTo(g, x.shape)],
  evaluate: ([x], { shape }) => {
    const offsets = broadcastOffsets(x.shape, shape as number[]);
    const data = referenceArray(x.dtype, offsets.length);
    for (let i = 0; i < data.length; i++) data[i] = x.data[offsets[i]!]!;
    return [{ dtype: x.dtype, shape: shape as number[], data }];
  },
});

export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(broadcastToOp, [x], { shape: [...shape] });
}

// ---------------------------------------------------------------- concat

export const concatOp = defineOp<{ readonly axis: number }>({
  name: 'concat',
  infer: (inputs, { axis }) => {
    const first = inputs[0]!;
    let total = 0;
    for (const x of inputs) {
      const fits =
        x.dtype === first.dtype &&
        x.shape.length === first.shape.length &&
        x.shape.every((dimension, i) => i === axis || dimension === first.shape[i]);
      check(fits, 'shape', () => ({
        rule: `concat takes tensors of one dtype whose dimensions agree except on axis ${axis}`,
        received: inputs.map(formatType).join(', '),
      }));
      const dimension = x.shape[axis]!;
      check(dimension !== 'N', 'axis', () => ({
        rule: "concat is not along an unknown batch 'N'",
        received: `axis ${axis}`,
      }));
      total += dimension as number;
    }
    return [{ dtype: first.dtype, shape: first.shape.with(axis, total) }];
  },
  gradient: ({ inputs, gradients: [g], attributes: { axis }, needed }) => {
    let start = 0;
    return inputs.map((x, i) => {
      const end = start + (x.shape[axis] as number);
      const part = needed[i] ? sliceAxis(g, axis, start, end) : undefined;
      start = end;
      return part;
    });
  },
  evaluate: (inputs, { axis }) => {
    const first = inputs[0]!;
    const outer = sizeOf(first.shape.slice(0, axis));
    const inner = inputs.map((x) => sizeOf(x.shape.slice(axis)));
    const row = inner.reduce((sum, size) => sum + size, 0);
    const data = referenceArray(first.dtype, outer * row);
    let start = 0;
    for (const [i, x] of inputs.entries()) {
      for (let o = 0; o < outer; o++) data.set(x.data.subarray(o * inner[i]!, (o + 1) * inner[i]!), o * row + start);
      start += inner[i]!;
    }
    const total = inputs.reduce((sum, x) => sum + x.shape[axis]!, 0);
    return [{ dtype: first.dtype, shape: first.shape.with(axis, total), data }];
  },
});

/** Joins tensors along an existing axis. */
export function concat(inputs: readonly Tensor[], axis: number): Tensor {
  check(inputs.length > 0, 'attribute', () => ({ rule: 'concat takes at least one tensor', received: 'none' }));
  if (inputs.length === 1) return inputs[0]!;
  return apply(concatOp, inputs, { axis: normalizeAxis(axis, inputs[0]!.shape.length) });
}

/** Joins tensors of one shape along a new axis. */
export function stack(inputs: readonly Tensor[], axis: number): Tensor {
  check(inputs.length > 0, 'attribute', () => ({ rule: 'stack takes at least one tensor', received: 'none' }));
  const at = normalizeAxis(axis, inputs[0]!.shape.length + 1);
  return concat(
    inputs.map((x) => reshape(x, x.shape.toSpliced(at, 0, 1))),
    at,
  );
}

// ---------------------------------------------------------------- slice

export interface SliceAttributes {
  /** One per axis, non-negative. */
  readonly starts: readonly number[];
  /** Elements of the result, one number per axis; 'N' keeps a leading batch whole. */
  readonly sizes: readonly Dimension[];
  readonly steps: readonly number[];
}

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

// ---------------------------------------------------------------- split

export interface SplitAttributes {
  readonly axis: number;
  readonly sizes: readonly number[];
}

/** Slices that cover an axis. One op, so that its gradient is one concat and not as many padded copies as there are parts. */
export const splitOp: OpDefinition<SplitAttributes, [x: Tensor], readonly Tensor[]> = defineOp<
  SplitAttributes,
  [x: Tensor],
  readonly Tensor[]
>({
  name: 'split',
  infer: ([x], { axis, sizes }) => {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    check(total === x.shape[axis] && sizes.every((size) => Number.isInteger(size) && size >= 0), 'axis', () => ({
      rule: 'the parts of a split sum to the axis',
      received: `[${sizes.join(', ')}], in all ${total}`,
      limit: `${x.shape[axis]}`,
    }));
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(axis, size) }));
  },
  gradient: ({ outputs, gradients, attributes: { axis } }) => [
    concat(
      gradients.map((g, i) => g ?? fill(outputs[i]!.shape as number[], 0)),
      axis,
    ),
  ],
  evaluate: ([x], { axis, sizes }) => {
    const strides = stridesOf(x.shape);
    let start = 0;
    return sizes.map((size) => {
      const part = gatherByStrides(x, x.shape.with(axis, size), strides, start * strides[axis]!);
      start += size;
      return part;
    });
  },
});

/** Cuts an axis into parts of the given sizes. @throws NatsError `axis` if they do not sum to the axis. */
export function split(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  const at = normalizeAxis(axis, x.shape.length);
  if (sizes.length === 1 && sizes[0] === x.shape[at]) return [x];
  return [...applyAll(splitOp, [x], { axis: at, sizes: [...sizes] })];
}

/** Puts `step - 1` zeros between neighbours on each axis: the gradient of a strided slice. Composed of reshape and pad. */
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

// ---------------------------------------------------------------- pad

export interface PadAttributes {
  /** `[before, after]` per axis, non-negative. */
  readonly padding: readonly (readonly [number, number])[];
  readonly value: number;
}

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

// ---------------------------------------------------------------- reverse

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

/** Nearest-neighbour upsampling of `[N, C, H, W]` by whole factors: each pixel is repeated. */
export function upsampleNearest(x: Tensor, factor: number): Tensor {
  check(x.shape.length === 4 && Number.isInteger(factor) && factor >= 1, 'attribute', () => ({
    rule: 'upsampleNearest takes [N, C, H, W] and a whole factor of at least 1',
    received: `${formatType(x)}, factor ${factor}`,
  }));
  const [n, c, h, w] = x.shape as [Dimension, number, number, number];
  const repeated = broadcastTo(reshape(x, [n, c, h, 1, w, 1]), [n, c, h, factor, w, factor]);
  return reshape(repeated, [n, c, h * factor, w * factor]);
}
