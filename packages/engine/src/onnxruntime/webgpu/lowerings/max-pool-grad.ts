import { type ContextOf, type Lowerings, lower } from '@nats/export';
import { convolutionOutputSize, maxPoolGradOp } from '@nats/graph';
import { forwardTable, gatherAccumulateTable } from '../../lowerings/columns.js';
import { table } from './convolution.js';

/** Less than every number that is a maximum of others; not minus infinity, which WGSL need not have. */
const LOWEST = -3.4028234663852886e38;

/**
 * The gradient goes to the first tap of each window that equals the window's maximum: two Gathers, one to see what the
 * taps see and one that collects, for each pixel, what its windows give. (The provider's MaxPool gives no positions.)
 */
function lowerMaxPoolGrad({ builder, inputs, outputs, shapes, attributes }: ContextOf<typeof maxPoolGradOp>): void {
  const [g, x, y] = inputs;
  const [n, c, h, w] = shapes[1] as [number, number, number, number];
  const { kernel, stride, padding } = attributes;
  const output = [0, 1].map((axis) =>
    convolutionOutputSize([h, w][axis]!, kernel[axis]!, stride[axis]!, padding[axis]! + padding[axis + 2]!, 1),
  ) as [number, number];
  const geometry = { input: [h, w], output, kernel, stride, padding, dilation: [1, 1] } as const;
  const [taps, pixels] = [kernel[0] * kernel[1], output[0] * output[1]];
  const key = JSON.stringify(geometry);
  const flat = builder.node('Reshape', [x, builder.int64([n, c, h * w])]);
  const padded = builder.node('Pad', [flat, builder.int64([0, 0, 0, 0, 0, 1]), builder.float(LOWEST)], {
    mode: 'constant',
  });
  const positions = table(builder, `forward ${key}`, () => forwardTable(geometry), [pixels, taps]);
  const seen = builder.node('Gather', [padded, positions], { axis: 2 });
  const window = (name: string) => builder.node('Reshape', [name, builder.int64([n, c, 1, pixels])]);
  const order = builder.constant({
    dtype: 'float32',
    shape: [taps, 1],
    data: Float32Array.from({ length: taps }, (_, tap) => tap),
  });
  const highest = builder.node('Equal', [seen, window(y)]);
  const ranked = builder.node('Where', [highest, order, builder.float(taps)]);
  const first = builder.node('ReduceMin', [ranked], { axes: [2], keepdims: 1 });
  const chosen = builder.node('Equal', [ranked, builder.node('Min', [first, builder.float(taps - 1)])]);
  const shares = builder.node('Where', [chosen, window(g), builder.float(0)]);
  const list = builder.node('Pad', [
    builder.node('Reshape', [shares, builder.int64([n, c, taps * pixels])]),
    builder.int64([0, 0, 0, 0, 0, 1]),
  ]);
  const { rows, most } = gatherAccumulateTable(geometry);
  // From `pixel * taps + tap` to `tap * pixels + pixel`; what is missing reads the zero behind the last.
  const places = rows.map((row) => (row === pixels * taps ? row : (row % taps) * pixels + Math.floor(row / taps)));
  const back = table(builder, `contributions ${key}`, () => places, [h * w, most]);
  const given = builder.node('Gather', [list, back], { axis: 2 });
  const sum = builder.node('ReduceSum', [given, builder.int64([2])], { keepdims: 0 });
  builder.node('Reshape', [sum, builder.int64(shapes[1] as number[])], {}, outputs);
}

/** A program without pixels never comes here: empty tensors are taken out before. */
export const maxPoolLowerings: Lowerings = [lower(maxPoolGradOp, lowerMaxPoolGrad)];
