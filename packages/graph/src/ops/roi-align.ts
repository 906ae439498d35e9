import { check } from '../errors.js';
import { apply, defineOp, type OpDefinition } from '../op.js';
import { type Dimension, formatType, type Shape, type Tensor, type TensorType } from '../tensor.js';
import { sizeOf, type TensorData } from '../tensor-data.js';
import type { Pair } from './convolution.js';

/** Attributes of `roiAlign`. */
export interface RoiAlignAttributes {
  readonly outputSize: Pair;
  readonly spatialScale: number;
  readonly samplingRatio: number;
  readonly aligned: boolean;
}

/** Options of `roiAlign`. */
export interface RoiAlignOptions {
  /** `[height, width]` of the result, or one number for both. */
  readonly outputSize: number | Pair;
  /** Feature pixels per pixel of the boxes: 1 / stride of the feature map. */
  readonly spatialScale: number;
  /**
   * Samples per bin along each axis. 0: as many as a bin has pixels, rounded up (torchvision's -1); that number depends on
   * data, so there is no gradient then.
   */
  readonly samplingRatio: number;
  /** Shift by half a pixel, and boxes may be smaller than one (Detectron2). Default false, as torchvision's detectors. */
  readonly aligned?: boolean;
}

/** Attributes of `roiAlignGrad`. */
export interface RoiAlignGradAttributes extends RoiAlignAttributes {
  /** Of the features. */
  readonly shape: readonly number[];
}

function checkRois(features: TensorType, boxes: TensorType, batchIndex: TensorType | undefined): void {
  check(features.dtype === 'float32' && features.shape.length === 4, 'shape', () => ({
    rule: 'roiAlign takes float32 features [N, C, H, W]',
    received: formatType(features),
  }));
  const given = [boxes, ...(batchIndex ? [batchIndex] : [])].map(formatType).join(' and ');
  if (batchIndex) {
    const fits = boxes.shape.length === 2 && boxes.shape[1] === 4 && batchIndex.shape.join() === String(boxes.shape[0]);
    check(fits && boxes.dtype === 'float32' && batchIndex.dtype === 'int32', 'shape', () => ({
      rule: 'roiAlign takes float32 boxes [R, 4] with int32 batch indices [R]',
      received: given,
    }));
  } else {
    const fits = boxes.shape.length === 3 && boxes.shape[2] === 4 && boxes.shape[0] === features.shape[0];
    check(fits && boxes.dtype === 'float32', 'shape', () => ({
      rule: 'without batch indices, roiAlign takes float32 boxes [N, K, 4] for features of N images',
      received: `${given} for ${formatType(features)}`,
    }));
  }
}

function outputShape(features: Shape, boxes: Shape, [height, width]: Pair): Dimension[] {
  return [...boxes.slice(0, -1), features[1]!, height, width];
}

/** Where a sample reads along one axis, and with which weights; none if it lies more than a pixel outside. */
function interpolation(position: number, size: number): { low: number; high: number; weight: number } | undefined {
  if (position < -1 || position > size) return undefined;
  const inside = Math.max(position, 0);
  const low = Math.floor(inside);
  if (low >= size - 1) return { low: size - 1, high: size - 1, weight: 0 };
  return { low, high: low + 1, weight: inside - low };
}

interface Samples {
  readonly perBin: number;
  /** One bin after the other. */
  readonly positions: readonly number[];
}

/** Sample positions of one box along one axis. */
function samples(start: number, end: number, bins: number, attributes: RoiAlignAttributes): Samples {
  const { spatialScale, samplingRatio, aligned } = attributes;
  const offset = aligned ? 0.5 : 0;
  const first = start * spatialScale - offset;
  const length = end * spatialScale - offset - first;
  const bin = (aligned ? length : Math.max(length, 1)) / bins;
  const perBin = samplingRatio === 0 ? Math.max(0, Math.ceil(bin)) : samplingRatio;
  const positions = Array.from({ length: bins * perBin }, (_, i) => {
    const [at, sample] = [Math.floor(i / perBin), i % perBin];
    return first + at * bin + ((sample + 0.5) * bin) / perBin;
  });
  return { perBin, positions };
}

type Visit = (feature: number, output: number, weight: number) => void;

/** Visits every pixel that has a share in an output, for one channel; the one definition that value and gradient share. */
function eachShare(
  shape: readonly number[],
  boxes: TensorData,
  batchIndex: TensorData | undefined,
  attributes: RoiAlignAttributes,
  visit: Visit,
): void {
  const [n, channels, height, width] = shape as [number, number, number, number];
  const [bh, bw] = attributes.outputSize;
  const perImage = boxes.shape.at(-2)!;
  for (let roi = 0; roi < boxes.data.length / 4; roi++) {
    const image = batchIndex ? batchIndex.data[roi]! : Math.floor(roi / perImage);
    check(image >= 0 && image < n, 'attribute', () => ({
      rule: 'batch indices name images of the features',
      received: String(image),
      limit: `0 to ${n - 1}`,
    }));
    const [x1, y1, x2, y2] = boxes.data.subarray(roi * 4, roi * 4 + 4) as unknown as [number, number, number, number];
    const [vertical, horizontal] = [samples(y1, y2, bh, attributes), samples(x1, x2, bw, attributes)];
    const count = vertical.perBin * horizontal.perBin;
    const rows = vertical.positions.map((y) => interpolation(y, height));
    const columns = horizontal.positions.map((x) => interpolation(x, width));
    for (const [i, row] of rows.entries()) {
      for (const [j, column] of columns.entries()) {
        if (!row || !column) continue;
        const bin = Math.floor(i / vertical.perBin) * bw + Math.floor(j / horizontal.perBin);
        const output = roi * channels * bh * bw + bin;
        const feature = image * channels * height * width;
        const visitPixel = (y: number, x: number, weight: number) =>
          visit(feature + y * width + x, output, weight / count);
        visitPixel(row.low, column.low, (1 - row.weight) * (1 - column.weight));
        visitPixel(row.low, column.high, (1 - row.weight) * column.weight);
        visitPixel(row.high, column.low, row.weight * (1 - column.weight));
        visitPixel(row.high, column.high, row.weight * column.weight);
      }
    }
  }
}

/** The op of `roiAlign`. */
export const roiAlignOp = defineOp<RoiAlignAttributes, [features: Tensor, boxes: Tensor, batchIndex?: Tensor]>({
  name: 'roiAlign',
  infer: ([features, boxes, batchIndex], { outputSize, spatialScale, samplingRatio }) => {
    checkRois(features, boxes, batchIndex);
    const whole = [...outputSize, samplingRatio + 1].every((value) => Number.isInteger(value) && value >= 1);
    check(whole && spatialScale > 0, 'attribute', () => ({
      rule: "roiAlign's output size is of whole numbers of at least 1, its sampling ratio whole, its scale positive",
      received: JSON.stringify({ outputSize, spatialScale, samplingRatio }),
    }));
    return [{ dtype: 'float32', shape: outputShape(features.shape, boxes.shape, outputSize) }];
  },
  /** Of the features; boxes are taken as given (proposals are detached in two-stage detectors). */
  gradient: ({ inputs: [features, boxes, batchIndex], gradients: [g], attributes, needed }) => {
    const rois: [Tensor, Tensor?] = batchIndex ? [boxes, batchIndex] : [boxes];
    const shape = features.shape as number[];
    check(attributes.samplingRatio > 0 || !needed[0], 'attribute', () => ({
      rule: 'roiAlign is differentiated with a fixed number of samples',
      received: 'samplingRatio 0',
      limit: 'at least 1, or stopGradient on the features',
    }));
    return [
      needed[0] ? apply(roiAlignGradOp, [g, ...rois], { ...attributes, shape }) : undefined,
      undefined,
      undefined,
    ];
  },
  evaluate: ([features, boxes, batchIndex], attributes) => {
    const shape = outputShape(features.shape, boxes.shape, attributes.outputSize) as number[];
    const [, channels, height, width] = features.shape as [number, number, number, number];
    const bins = sizeOf(attributes.outputSize);
    const data = new Float64Array(sizeOf(shape));
    eachShare(features.shape, boxes, batchIndex, attributes, (feature, output, weight) => {
      for (let c = 0; c < channels; c++) {
        data[output + c * bins]! += weight * features.data[feature + c * height * width]!;
      }
    });
    return [{ dtype: 'float32', shape, data }];
  },
});

type RoiGradInputs = [g: Tensor, boxes: Tensor, batchIndex?: Tensor];

/** Gradient of roiAlign with respect to its features, from that of its output and the boxes. */
export const roiAlignGradOp: OpDefinition<RoiAlignGradAttributes, RoiGradInputs> = defineOp<
  RoiAlignGradAttributes,
  RoiGradInputs
>({
  name: 'roiAlignGrad',
  infer: ([g, boxes, batchIndex], { shape, outputSize }) => {
    checkRois({ dtype: 'float32', shape }, boxes, batchIndex);
    const expected: TensorType = { dtype: 'float32', shape: outputShape(shape, boxes.shape, outputSize) };
    check(formatType(g) === formatType(expected), 'shape', () => ({
      rule: "roiAlignGrad takes the gradient of roiAlign's output",
      received: formatType(g),
      limit: formatType(expected),
    }));
    return [{ dtype: 'float32', shape }];
  },
  gradient: ({ inputs: [, boxes, batchIndex], gradients: [d], attributes: { shape: _, ...attributes }, needed }) => [
    needed[0] ? apply(roiAlignOp, batchIndex ? [d, boxes, batchIndex] : [d, boxes], attributes) : undefined,
    undefined,
    undefined,
  ],
  evaluate: ([g, boxes, batchIndex], attributes) => {
    const [, channels, height, width] = attributes.shape as [number, number, number, number];
    const bins = sizeOf(attributes.outputSize);
    const data = new Float64Array(sizeOf(attributes.shape));
    eachShare(attributes.shape, boxes, batchIndex, attributes, (feature, output, weight) => {
      for (let c = 0; c < channels; c++) {
        data[feature + c * height * width]! += weight * g.data[output + c * bins]!;
      }
    });
    return [{ dtype: 'float32', shape: attributes.shape, data }];
  },
});

/**
 * RoIAlign (He et al. 2017), equal to torchvision's: bilinear samples, averaged in each bin of each box. Samples more
 * than a pixel outside the map count as 0.
 * @param features `[N, C, H, W]`
 * @param boxes x1, y1, x2, y2 in image pixels: `[N, K, 4]`, K for each image, or `[R, 4]` with `batchIndex`
 * @param batchIndex int32 `[R]`: the image of each box. Its gradient costs N times that of `[N, K, 4]`.
 * @returns `[N, K, C, h, w]`, or `[R, C, h, w]`
 */
export function roiAlign(features: Tensor, boxes: Tensor, options: RoiAlignOptions, batchIndex?: Tensor): Tensor {
  const { outputSize: size, spatialScale, samplingRatio, aligned = false } = options;
  const outputSize: Pair = typeof size === 'number' ? [size, size] : [size[0], size[1]];
  return apply(roiAlignOp, batchIndex ? [features, boxes, batchIndex] : [features, boxes], {
    outputSize,
    spatialScale,
    samplingRatio,
    aligned,
  });
}
