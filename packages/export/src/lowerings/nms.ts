import { nmsOp, type Shape } from '@nats/graph';
import { type Lowerings, lower } from '../lowering.js';
import { ONNX_TYPE, type OnnxBuilder } from '../onnx-builder.js';
import { batchOf } from './layout.js';

const int32 = (values: readonly number[], shape = [values.length]) =>
  ({ dtype: 'int32', shape, data: Int32Array.from(values) }) as const;

/** int64 `[0, 1, …, count - 1]` for a scalar int64 value. */
function rangeOf(builder: OnnxBuilder, count: string): string {
  return builder.node('Range', [builder.int64([0], []), count, builder.int64([1], [])]);
}

/** int64 scalar. */
function imageCount(builder: OnnxBuilder, boxes: string, shape: Shape): string {
  if (shape[0] !== 'N') return builder.int64([shape[0] as number], []);
  return builder.node('Squeeze', [batchOf(builder, boxes), builder.int64([0])]);
}

/**
 * Each selected box's place in the `[B * K]` result: its image's K slots, from the first, in the order of the selection,
 * which is by image and then by falling score.
 */
function slots(builder: OnnxBuilder, image: string, images: string, perImage: number): string {
  const count = builder.node('Squeeze', [builder.node('Shape', [image]), builder.int64([0])]);
  const earlier = builder.node('Less', [
    builder.node('Unsqueeze', [image, builder.int64([0])]),
    builder.node('Unsqueeze', [rangeOf(builder, images), builder.int64([1])]),
  ]);
  const starts = builder.node('ReduceSum', [builder.node('Cast', [earlier], { to: 7 }), builder.int64([1])], {
    keepdims: 0,
  });
  const rank = builder.node('Sub', [rangeOf(builder, count), builder.node('Gather', [starts, image], { axis: 0 })]);
  return builder.node('Add', [builder.node('Mul', [image, builder.int64([perImage], [])]), rank]);
}

export const nmsLowerings: Lowerings = [
  // ONNX asks for y1, x1, y2, x2, but the overlap of boxes does not change when all axes are swapped.
  lower(nmsOp, ({ builder, inputs, outputs, shapes, attributes }) => {
    const [boxes, scores] = inputs;
    const { iouThreshold, scoreThreshold, maxOutput } = attributes;
    const selected = builder.node('NonMaxSuppression', [
      boxes,
      builder.node('Unsqueeze', [scores, builder.int64([1])]),
      builder.int64([maxOutput], []),
      builder.float(iouThreshold),
      builder.float(scoreThreshold),
    ]);
    const column = (index: number) => builder.node('Gather', [selected, builder.int64([index], [])], { axis: 1 });
    const images = imageCount(builder, boxes, shapes[0]);
    const slot = slots(builder, column(0), images, maxOutput);
    const size = builder.node('Reshape', [
      builder.node('Mul', [images, builder.int64([maxOutput], [])]),
      builder.int64([1]),
    ]);
    const zeros = builder.node('Expand', [builder.constant(int32([0])), size]);
    const index = builder.node('Cast', [column(2)], { to: ONNX_TYPE.int32 });
    const one = builder.node('Expand', [builder.constant(int32([1])), builder.node('Shape', [index])]);
    // Every slot is written at most once.
    const placed = (values: string) => builder.node('ScatterElements', [zeros, slot, values], { axis: 0 });
    const shape = builder.int64([shapes[0][0] === 'N' ? -1 : shapes[0][0]!, maxOutput]);
    builder.node('Reshape', [placed(index), shape], {}, [outputs[0]]);
    const valid = builder.node('Reshape', [placed(one), shape]);
    builder.node('Cast', [valid], { to: ONNX_TYPE.bool }, [outputs[1]]);
  }),
];
