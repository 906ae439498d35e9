import { ONNX_DATA_TYPE, type OnnxBuilder } from '@nats/export';
import type { DetectorInput } from './convention.js';

/** Names of values that lead from the canvas back to the image, float32 `[4]`, for x1, y1, x2, y2. */
export interface ImageGeometry {
  /** Original by resized size. */
  readonly factors: string;
  /** Width, height, width, height. */
  readonly limits: string;
}

/** Of height and width: x1, y1, x2, y2. */
const SIDES = [1, 0, 1, 0];

/**
 * Writes the loader's letterbox and normalization: uint8 `[N, H, W, C]` or `[N, C, H, W]` to float32 `[N, C, h, w]`.
 * Sizes are computed in float64 as the loader does (floor(side * scale + 0.5)); resizing is float32 and rounds halves to
 * even, which the loader imitates (packages/detect/src/data/resize.ts).
 * @returns the name of the canvas and of what leads back
 */
export function lowerPreprocessing(
  builder: OnnxBuilder,
  images: string,
  { layout, channels, size, letterbox, statistics }: Omit<DetectorInput, 'dtype' | 'preprocessing' | 'name'>,
): { readonly canvas: string; readonly geometry: ImageGeometry } {
  const to = (x: string, type: number) => builder.node('Cast', [x], { to: type });
  const float64 = (values: readonly number[]) => to(builder.float(values), ONNX_DATA_TYPE.float64);
  const planes = layout === 'NHWC' ? builder.node('Transpose', [images], { perm: [0, 3, 1, 2] }) : images;
  const shape = builder.node('Shape', [planes]);
  const sides = builder.node('Slice', [shape, builder.int64([2]), builder.int64([4])]);
  const original = to(sides, ONNX_DATA_TYPE.float64);

  const scale = builder.node('ReduceMin', [builder.node('Div', [float64(size), original])], { keepdims: 1 });
  const half = builder.node('Add', [builder.node('Mul', [original, scale]), float64([0.5])]);
  const resized = builder.node('Max', [builder.node('Floor', [half]), float64([1])]);
  const resizedSides = to(resized, ONNX_DATA_TYPE.int64);

  const lead = builder.node('Slice', [shape, builder.int64([0]), builder.int64([2])]);
  const sizes = builder.node('Concat', [lead, resizedSides], { axis: 0 });
  const bilinear = builder.node('Resize', [to(planes, ONNX_DATA_TYPE.float32), '', '', sizes], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });
  const missing = builder.node('Sub', [builder.int64(size), resizedSides]);
  const pads = builder.node('Concat', [builder.int64([0, 0, 0, 0, 0, 0]), missing], { axis: 0 });
  const pixels = builder.node('Round', [bilinear]);
  const padded = builder.node('Pad', [pixels, pads, builder.float(letterbox.padValue)], { mode: 'constant' });
  // Only tells the size, so that everything behind has a known shape.
  const known = builder.node('Reshape', [padded, builder.int64([0, channels, ...size])]);

  const back = to(builder.node('Div', [original, resized]), ONNX_DATA_TYPE.float32);
  const perSide = (values: string) => builder.node('Gather', [values, builder.int64(SIDES)], { axis: 0 });
  return {
    canvas: lowerNormalization(builder, known, statistics),
    geometry: { factors: perSide(back), limits: perSide(to(sides, ONNX_DATA_TYPE.float32)) },
  };
}

function lowerNormalization(
  builder: OnnxBuilder,
  pixels: string,
  { mean, deviation }: DetectorInput['statistics'],
): string {
  const perChannel = (values: readonly number[]) =>
    builder.constant({ dtype: 'float32', shape: [1, values.length, 1, 1], data: Float32Array.from(values) });
  const centered = builder.node('Sub', [pixels, perChannel(mean.map((value) => value * 255))]);
  return builder.node('Mul', [centered, perChannel(deviation.map((value) => 1 / (255 * value)))]);
}

/** Boxes `[N, K, 4]` of the canvas in pixels of the original image, cut at its border or not. */
export function lowerToImage(builder: OnnxBuilder, boxes: string, geometry: ImageGeometry, cut: boolean): string {
  const stretched = builder.node('Mul', [boxes, geometry.factors]);
  if (!cut) return stretched;
  const inside = builder.node('Min', [stretched, geometry.limits]);
  return builder.node('Max', [inside, builder.float(0)]);
}
