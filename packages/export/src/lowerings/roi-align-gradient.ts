import {
  abs,
  add,
  and,
  cast,
  clip,
  concat,
  constant,
  createProgram,
  divide,
  greaterEqual,
  input,
  lessEqual,
  matMul,
  maximum,
  multiply,
  oneHot,
  type Pair,
  type PyramidRoiAlignGradAttributes,
  pyramidRoiAlignGradOp,
  type RoiAlignAttributes,
  type RoiAlignGradAttributes,
  range,
  reduceSum,
  relu,
  reshape,
  roiAlignGradOp,
  sizeOf,
  slice,
  sliceAxis,
  stack,
  subtract,
  type Tensor,
  tensorData,
  transpose,
} from '@nats/graph';
import { lowerComposed } from '../composed.js';
import { type LoweringContext, type Lowerings, lower } from '../lowering.js';

/** Values of the largest intermediate result (16 MB): boxes are taken in chunks that stay below. */
const CHUNK_VALUES = 2 ** 22;

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
  return constant(tensorData('float32', shape, new Float32Array(sizeOf(shape))));
}

type PyramidContext = LoweringContext<
  PyramidRoiAlignGradAttributes,
  [g: Tensor, boxes: Tensor, levels: Tensor],
  readonly Tensor[]
>;

/** Shares of all boxes in the rows and columns of each level; those in rows have one more box, of nothing. */
function sharesOfLevels({ inputs, inline, builder, attributes, shapes }: PyramidContext, count: number) {
  const boxes = reshape(input('boxes', 'float32', shapes[1]), [count, 4]);
  const { shapes: features, spatialScales, outputSize } = attributes;
  const tensors = features.flatMap(([, , height, width], level) => {
    const own = { ...attributes, spatialScale: spatialScales[level]! };
    const rows = shares(boxes, 0, height!, own);
    return [concat([rows, zeros([1, outputSize[0], height!])], 0), shares(boxes, 1, width!, own)];
  });
  const names = tensors.map((_, i) => builder.fresh(`${inputs[1]}_shares_${i}`));
  const labels = names.map((_, i) => `shares ${i}`);
  inline(
    createProgram({ outputs: Object.fromEntries(labels.map((label, i) => [label, tensors[i]!])) }),
    { boxes: inputs[1] },
    Object.fromEntries(labels.map((label, i) => [label, names[i]!])),
  );
  return features.map((_, level) => ({ rows: names[2 * level]!, columns: names[2 * level + 1]! }));
}

/**
 * `spread` of the boxes of one level among those from `start` to `end`: how many there are is known as it runs. A box whose
 * row shares are 0 goes with them, because not every engine multiplies matrices of no size.
 * @returns the name of `[H, C * W]`
 */
function spreadOwn(
  { builder, attributes }: PyramidContext,
  { level, start, end, count }: { level: number; start: number; end: number; count: number },
  { g, levels, rows, columns }: { g: string; levels: string; rows: string; columns: string },
): string {
  const [bh, bw] = attributes.outputSize;
  const [, channels, height, width] = attributes.shapes[level] as [number, number, number, number];
  const some = builder.node('Slice', [levels, builder.int64([start]), builder.int64([end])]);
  const number = builder.constant({ dtype: 'int32', shape: [], data: Int32Array.of(level) });
  const found = builder.node('Reshape', [
    builder.node('NonZero', [builder.node('Equal', [some, number])]),
    builder.int64([-1]),
  ]);
  const own = builder.node('Add', [found, builder.int64([start], [])]);
  const withBox = (box: number) => builder.node('Concat', [own, builder.int64([box])], { axis: 0 });
  const places = withBox(start);
  const gather = (x: string, at: string) => builder.node('Gather', [x, at], { axis: 0 });
  const reshaped = (x: string, shape: readonly number[]) => builder.node('Reshape', [x, builder.int64(shape)]);

  const transposed = builder.node('Transpose', [gather(g, places)], { perm: [0, 2, 1, 3] });
  const wide = builder.node('MatMul', [reshaped(transposed, [-1, bh * channels, bw]), gather(columns, places)]);
  const high = reshaped(gather(rows, withBox(count)), [-1, height]);
  return builder.node('MatMul', [
    builder.node('Transpose', [high], { perm: [1, 0] }),
    reshaped(wide, [-1, channels * width]),
  ]);
}

/** Every box is spread once, over its own level and image. */
function gradOfPyramid(context: PyramidContext): void {
  const { builder, attributes, inputs, outputs, shapes } = context;
  const [n, perImage] = shapes[1] as [number, number, number];
  const [bh, bw] = attributes.outputSize;
  const count = n * perImage;
  const shareNames = sharesOfLevels(context, count);
  const levels = builder.node('Reshape', [inputs[2], builder.int64([count])]);
  for (const [level, shape] of attributes.shapes.entries()) {
    const [, channels, height, width] = shape as [number, number, number, number];
    const g = builder.node('Reshape', [inputs[0], builder.int64([count, channels, bh, bw])]);
    const perChunk = Math.max(1, Math.floor(CHUNK_VALUES / (channels * bh * width)));
    const images = Array.from({ length: n }, (_, image) => {
      const sums: string[] = [];
      const last = (image + 1) * perImage;
      for (let start = image * perImage; start < last; start += perChunk) {
        const part = { level, start, end: Math.min(start + perChunk, last), count };
        sums.push(spreadOwn(context, part, { g, levels, ...shareNames[level]! }));
      }
      const sum = sums.reduce((a, b) => builder.node('Add', [a, b]));
      return builder.node('Reshape', [sum, builder.int64([1, height, channels, width])]);
    });
    const all = images.length === 1 ? images[0]! : builder.node('Concat', images, { axis: 0 });
    builder.node('Transpose', [all], { perm: [0, 2, 1, 3] }, [outputs[level]!]);
  }
}

export const roiAlignGradientLowerings: Lowerings = [
  lowerComposed(roiAlignGradOp, ([g, boxes, batchIndex], attributes) => {
    if (g.shape.includes(0)) return zeros(attributes.shape);
    return batchIndex ? gradByIndex(g, boxes, batchIndex, attributes) : gradPerImage(g, boxes, attributes);
  }),

  lower(pyramidRoiAlignGradOp, (context) => {
    const { builder, attributes, outputs, shapes } = context;
    if (!shapes[0].includes(0)) return gradOfPyramid(context);
    for (const [i, shape] of attributes.shapes.entries()) {
      const nothing = builder.constant(tensorData('float32', shape, new Float32Array(sizeOf(shape))));
      builder.node('Identity', [nothing], {}, [outputs[i]!]);
    }
  }),
];
