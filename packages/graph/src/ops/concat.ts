import { check } from '../errors.js';
import { apply, applyAll, defineOp, type OpDefinition } from '../op.js';
import { formatType, type Tensor } from '../tensor.js';
import { sizeOf, stridesOf } from '../tensor-data.js';
import { normalizeAxis } from './axes.js';
import { referenceArray } from './broadcast.js';
import { reshape } from './reshape.js';
import { sliceAxis } from './slice.js';
import { fill } from './source.js';
import { gatherByStrides } from './strided-view.js';

/** The op of `concat`. */
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

/** Attributes of `split`. */
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
