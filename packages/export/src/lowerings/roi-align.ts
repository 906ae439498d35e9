import {
  abs,
  add,
  and,
  cast,
  clip,
  constant,
  divide,
  greaterEqual,
  lessEqual,
  matMul,
  maximum,
  multiply,
  oneHot,
  type Pair,
  pyramidRoiAlignOp,
  type RoiAlignAttributes,
  type RoiAlignGradAttributes,
  range,
  reduceSum,
  relu,
  reshape,
  roiAlignGradOp,
  roiAlignOp,
  type Shape,
  slice,
  sliceAxis,
  stack,
  subtract,
  type Tensor,
  tensorData,
  transpose,
} from '@nats/graph';
import { lowerComposed } from '../composed.js';
import { type Lowerings, lower } from '../lowering.js';
import type { OnnxBuilder } from '../onnx-builder.js';
import { batchOf } from './layout.js';

/** Values of the largest intermediate result of the gradient (64 MB): boxes are taken in chunks that stay below. */
const CHUNK_VALUES = 2 ** 24;

/** int64 `[N * K]`: the image of each of `[N, K]` boxes. */
function imageOfBox(builder: OnnxBuilder, boxes: string, [n, perImage]: Shape): string {
  const size = perImage as number;
  if (n !== 'N') return builder.int64(Array.from({ length: n! * size }, (_, roi) => Math.floor(roi / size)));
  const images = builder.node('Squeeze', [batchOf(builder, boxes), builder.int64([0])]);
  const count = builder.node('Mul', [images, builder.int64([size], [])]);
  const all = builder.node('Range', [builder.int64([0], []), count, builder.int64([1], [])]);
  return builder.node('Div', [all, builder.int64([size], [])]);
}

/**
 * How much each row (axis 0) or column (axis 1) of a feature map has of each bin, `[R, bins, size]`: bilinear weights,
 * the mean over samples and the rule for borders in one matrix. RoIAlign is separable: bin = rows F columns^T.
 */
function shares(boxes: Tensor, axis: 0 | 1, size: number, attributes: RoiAlignAttributes): Tensor {
  const { outputSize, spatialScale, samplingRatio, aligned } = attributes;
  const bins = outputSize[axis];
  const offset = aligned ? 0.5 : 0;
  const [near, far] = [1 - axis, 3 - axis].map((column) =>
    subtract(multiply(sliceAxis(boxes, 1, column, column + 1), spatialScale), offset),
  ) as [Tensor, Tensor];
  const length = subtract(far, near);
  const bin = divide(aligned ? length : maximum(length, 1), bins);
  const steps = Array.from({ length: bins * samplingRatio }, (_, i) => (i + 0.5) / samplingRatio);
  const positions = add(near, multiply(bin, constant(tensorData('float32', [1, steps.length], steps))));
  const inside = cast(and(greaterEqual(positions, -1), lessEqual(positions, size)), 'float32');
  const each = (x: Tensor) => reshape(x, [boxes.shape[0]!, bins, samplingRatio, 1]);
  const distance = abs(subtract(each(clip(positions, 0, size - 1)), cast(range(size), 'float32')));
  const weights = multiply(relu(subtract(1, distance)), each(divide(inside, samplingRatio)));
  return reduceSum(weights, { axes: [2] });
}

/**
 * The sum over boxes of rows^T G columns for every channel, as two matrix products.
 * @param g `[R, C, bh, bw]`
 * @param rows `[R, bh, H']`, `H'` rows of one or of all images
 * @param columns `[R, bw, W]`
 * @returns `[H', C, W]`
 */
function spread(g: Tensor, rows: Tensor, columns: Tensor): Tensor {
  const [boxes, channels, [bh, bw]] = [g.shape[0] as number, g.shape[1] as number, g.shape.slice(2) as unknown as Pair];
  const [height, width] = [rows.shape[2] as number, columns.shape[2] as number];
  const perChunk = Math.max(1, Math.floor(CHUNK_VALUES / (channels * bh * width)));
  const sums: Tensor[] = [];
  for (let start = 0; start < boxes; start += perChunk) {
    const end = Math.min(start + perChunk, boxes);
    const chunk = (x: Tensor) => slice(x, { 0: [start, end] });
    const transposed = reshape(transpose(chunk(g), [0, 2, 1, 3]), [end - start, bh * channels, bw]);
    const wide = reshape(matMul(transposed, chunk(columns)), [(end - start) * bh, channels * width]);
    const high = reshape(chunk(rows), [(end - start) * bh, height]);
    sums.push(matMul(high, wide, { transposeA: true }));
  }
  return reshape(sums.reduce(add), [height, channels, width]);
}

/** Boxes of known images: each image sums over its own. */
function gradPerImage(g: Tensor, boxes: Tensor, attributes: RoiAlignGradAttributes): Tensor {
  const [n, , height, width] = attributes.shape as [number, number, number, number];
  const flat = reshape(boxes, [-1, 4]);
  const perImage = boxes.shape[1] as number;
  const rows = shares(flat, 0, height, attributes);
  const columns = shares(flat, 1, width, attributes);
  const all = reshape(g, [n * perImage, ...g.shape.slice(2)]);
  const images = Array.from({ length: n }, (_, image) => {
    const own = (x: Tensor) => slice(x, { 0: [image * perImage, (image + 1) * perImage] });
    return transpose(spread(own(all), own(rows), own(columns)), [1, 0, 2]);
  });
  return stack(images, 0);
}

/** Boxes of images that are known at run time: rows of all images, those of other images 0. */
function gradByIndex(g: Tensor, boxes: Tensor, batchIndex: Tensor, attributes: RoiAlignGradAttributes): Tensor {
  const [n, channels, height, width] = attributes.shape as [number, number, number, number];
  const [count, bins] = [boxes.shape[0] as number, attributes.outputSize[0]];
  const rows = reshape(shares(boxes, 0, height, attributes), [count, bins, 1, height]);
  const own = reshape(oneHot(batchIndex, n), [count, 1, n, 1]);
  const ofAll = reshape(multiply(rows, own), [count, bins, n * height]);
  const summed = spread(g, ofAll, shares(boxes, 1, width, attributes));
  return transpose(reshape(summed, [n, height, channels, width]), [0, 2, 1, 3]);
}

function zeros(shape: readonly number[]): Tensor {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return constant(tensorData('float32', shape, new Float32Array(size)));
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

  lowerComposed(roiAlignGradOp, ([g, boxes, batchIndex], attributes) => {
    if (g.shape.includes(0)) return zeros(attributes.shape);
    return batchIndex ? gradByIndex(g, boxes, batchIndex, attributes) : gradPerImage(g, boxes, attributes);
  }),
];
