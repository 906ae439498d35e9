import { broadcastToOp, concatOp, padOp, reshapeOp, reverseOp, sliceOp, splitOp } from '@nats/graph';
import { insertZerosOp } from '../decompose/insert-zeros.js';
import type { TfTensor } from '../module.js';
import { physicalAxis, toPhysical } from '../permutation.js';
import { expand, type Kernels, kernel, physicalShape, type Run, reshape } from './kernel.js';

function cut(run: Run, x: TfTensor, begin: readonly number[], size: readonly number[]): TfTensor {
  return run('Slice', { x }, { begin, size });
}

/** Every `step`-th entry of an axis: as the first column of rows of that length. StridedSlice takes several times as long on wasm. */
function everyStep(run: Run, x: TfTensor, axis: number, start: number, size: number, step: number): TfTensor {
  const { shape } = x;
  const [length, end] = [size * step, start + size * step];
  const missing = Math.max(end - shape[axis]!, 0);
  const paddings = shape.map((_, i) => [0, i === axis ? missing : 0]);
  const padded = missing === 0 ? x : run('PadV2', { x }, { paddings, constantValue: 0 });
  const begin = shape.map((_, i) => (i === axis ? start : 0));
  const whole = cut(run, padded, begin, shape.with(axis, length));
  // Four axes at most: what lies before and behind is joined.
  const [before, after] = [product(shape.slice(0, axis)), product(shape.slice(axis + 1))];
  const rows = reshape(run, whole, [before, size, step, after]);
  return reshape(run, cut(run, rows, [0, 0, 0, 0], [before, size, 1, after]), shape.with(axis, size));
}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

/** Zeros between neighbors along one axis: rows of one entry and zeros, the last row cut. */
function spread(run: Run, x: TfTensor, axis: number, step: number): TfTensor {
  const { shape } = x;
  const [before, after] = [product(shape.slice(0, axis)), product(shape.slice(axis + 1))];
  const size = shape[axis]!;
  const paddings = [
    [0, 0],
    [0, 0],
    [0, step - 1],
    [0, 0],
  ];
  const rows = run('PadV2', { x: reshape(run, x, [before, size, 1, after]) }, { paddings, constantValue: 0 });
  const length = (size - 1) * step + 1;
  const joined = reshape(run, rows, [before, size * step, after]);
  return reshape(run, cut(run, joined, [0, 0, 0], [before, length, after]), shape.with(axis, length));
}

export const layoutKernels: Kernels = [
  kernel(reshapeOp, ({ run, inputs, shape }) => run('Reshape', { x: inputs[0].tensor }, { shape })),

  kernel(broadcastToOp, (context) => {
    const x = expand(context.run, context.inputs[0].tensor, physicalShape(context));
    return context.run('Identity', { x });
  }),

  kernel(concatOp, ({ run, inputs, order, attributes }) => {
    const full = inputs.map(({ tensor }) => tensor).filter(({ shape }) => !shape.includes(0));
    if (full.length === 1) return run('Identity', { x: full[0]! });
    return run('Concat', full, { axis: physicalAxis(order, attributes.axis) });
  }),

  kernel(sliceOp, ({ run, inputs, order, shape, attributes: { starts, steps } }) => {
    let x = inputs[0].tensor;
    for (const [axis, step] of steps.entries()) {
      if (step === 1 || shape[axis] === 1) continue;
      x = everyStep(run, x, physicalAxis(order, axis), starts[axis]!, shape[axis]!, step);
    }
    const begin = starts.map((start, axis) => (steps[axis] === 1 || shape[axis] === 1 ? start : 0));
    return cut(run, x, toPhysical(order, begin), toPhysical(order, shape));
  }),

  kernel(splitOp, ({ run, inputs, order, attributes: { axis, sizes } }) => {
    const { tensor } = inputs[0];
    const at = physicalAxis(order, axis);
    let start = 0;
    return sizes.map((size) => {
      const part = cut(
        run,
        tensor,
        tensor.shape.map((_, i) => (i === at ? start : 0)),
        tensor.shape.with(at, size),
      );
      start += size;
      return part;
    });
  }),

  kernel(padOp, ({ run, inputs, order, attributes: { padding, value } }) =>
    run('PadV2', { x: inputs[0].tensor }, { paddings: toPhysical(order, padding), constantValue: value }),
  ),

  kernel(reverseOp, ({ run, inputs, order, attributes: { axes } }) =>
    run('Reverse', { x: inputs[0].tensor }, { dims: axes.map((axis) => physicalAxis(order, axis)) }),
  ),

  kernel(insertZerosOp, ({ run, inputs, order, attributes: { steps } }) => {
    let x = inputs[0].tensor;
    for (const [axis, step] of steps.entries()) {
      const at = physicalAxis(order, axis);
      if (step > 1 && x.shape[at]! > 1) x = spread(run, x, at, step);
    }
    return run('Identity', { x });
  }),
];
