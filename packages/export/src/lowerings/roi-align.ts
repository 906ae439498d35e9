import { pyramidRoiAlignOp, type RoiAlignAttributes, roiAlignOp, type Shape } from '@nats/graph';
import { type Lowerings, lower } from '../lowering.js';
import type { OnnxBuilder } from '../onnx-builder.js';
import { batchOf } from './layout.js';

/** int64 `[N * K]`: the image of each of `[N, K]` boxes. */
function imageOfBox(builder: OnnxBuilder, boxes: string, [n, perImage]: Shape): string {
  const size = perImage as number;
  if (n !== 'N') return builder.int64(Array.from({ length: n! * size }, (_, roi) => Math.floor(roi / size)));
  const images = builder.node('Squeeze', [batchOf(builder, boxes), builder.int64([0])]);
  const count = builder.node('Mul', [images, builder.int64([size], [])]);
  const all = builder.node('Range', [builder.int64([0], []), count, builder.int64([1], [])]);
  return builder.node('Div', [all, builder.int64([size], [])]);
}

/** Writes `[N, K, C, h, w]` from rows `[N * K, C, h, w]`. */
function unfold(builder: OnnxBuilder, rows: string, features: string, shape: Shape, outputs: readonly string[]): void {
  const [n, ...rest] = shape as [Shape[number], ...number[]];
  const known =
    n === 'N'
      ? builder.node('Concat', [batchOf(builder, features), builder.int64(rest)], { axis: 0 })
      : builder.int64([n, ...rest]);
  builder.node('Reshape', [rows, known], { allowzero: 1 }, outputs);
}

function windowOf({ outputSize: [height, width], samplingRatio, aligned }: Omit<RoiAlignAttributes, 'spatialScale'>) {
  return {
    output_height: height,
    output_width: width,
    sampling_ratio: samplingRatio,
    coordinate_transformation_mode: aligned ? 'half_pixel' : 'output_half_pixel',
    mode: 'avg',
  };
}

export const roiAlignLowerings: Lowerings = [
  lower(roiAlignOp, ({ builder, inputs, outputs, shapes, attributes }) => {
    const [features, boxes, batchIndex] = inputs as [string, string, string | undefined];
    const images = batchIndex ? builder.node('Cast', [batchIndex], { to: 7 }) : imageOfBox(builder, boxes, shapes[1]);
    const rois = batchIndex ? boxes : builder.node('Reshape', [boxes, builder.int64([-1, 4])]);
    const window = { ...windowOf(attributes), spatial_scale: { float: attributes.spatialScale } };
    if (batchIndex) {
      builder.node('RoiAlign', [features, rois, images], window, outputs);
      return;
    }
    const [[n, channels], [, perImage]] = shapes as [Shape, Shape];
    const aligned = builder.node('RoiAlign', [features, rois, images], window);
    unfold(builder, aligned, features, [n!, perImage!, channels!, ...attributes.outputSize], outputs);
  }),

  // The boxes of each level are gathered, pooled, and put back in order: every box is pooled once.
  lower(pyramidRoiAlignOp, ({ builder, inputs, outputs, shapes, attributes }) => {
    const features = inputs.slice(0, -2);
    const [boxes, levels] = inputs.slice(-2) as [string, string];
    const [n, perImage] = shapes.at(-2)! as [Shape[number], number];
    const images = imageOfBox(builder, boxes, shapes.at(-2)!);
    const rois = builder.node('Reshape', [boxes, builder.int64([-1, 4])]);
    const flat = builder.node('Reshape', [levels, builder.int64([-1])]);
    const pooled = features.map((level, i) => {
      const number = builder.constant({ dtype: 'int32', shape: [], data: Int32Array.of(i) });
      const found = builder.node('NonZero', [builder.node('Equal', [flat, number])]);
      const places = builder.node('Reshape', [found, builder.int64([-1])]);
      const own = [rois, images].map((x) => builder.node('Gather', [x, places], { axis: 0 }));
      const window = { ...windowOf(attributes), spatial_scale: { float: attributes.spatialScales[i]! } };
      return { places, rows: builder.node('RoiAlign', [level, ...own], window) };
    });
    const join = (key: 'places' | 'rows') =>
      builder.node(
        'Concat',
        pooled.map((level) => level[key]),
        { axis: 0 },
      );
    const count = builder.node('Squeeze', [builder.node('Shape', [flat]), builder.int64([0])]);
    const rank = builder.node('Range', [builder.int64([0], []), count, builder.int64([1], [])]);
    // Every place is written once, whatever stands there before.
    const inverse = builder.node('ScatterElements', [rank, join('places'), rank], { axis: 0 });
    const rows = builder.node('Gather', [join('rows'), inverse], { axis: 0 });
    unfold(builder, rows, features[0]!, [n, perImage, shapes[0]![1]!, ...attributes.outputSize], outputs);
  }),
];
