import type { DecodedImage } from './dataset.js';

/** Samples of one axis: between which two source positions each lies, and the weight of both. */
interface AxisSamples {
  readonly near: Int32Array;
  readonly far: Int32Array;
  readonly nearWeight: Float32Array;
  readonly farWeight: Float32Array;
}

/** A rectangle of a resized image, in its pixels. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Bilinear resize with half-pixel centres: sample i of n looks at (i + 0.5) * size / n - 0.5 of the source, clamped to
 * its border. No antialiasing. The arithmetic, in float32, is that of ONNX Resize (mode linear,
 * coordinate_transformation_mode half_pixel) followed by Round, as onnxruntime evaluates them: an exported model can
 * resize in its graph and sees the pixels that it was trained on. (Antialiasing came to ONNX with opset 18 only, and
 * image libraries disagree about it.)
 *
 * @param size width and height of the whole resized image
 * @param window the part of it that is computed; default all
 * @param target uint8, `stride` bytes a row and `planeStride` a channel; written from `offset`
 */
export function resizeInto(
  image: DecodedImage,
  size: { readonly width: number; readonly height: number },
  window: Window,
  target: {
    readonly data: Uint8ClampedArray;
    readonly offset: number;
    readonly stride: number;
    readonly planeStride: number;
  },
): void {
  const { channels, height, width, pixels } = image;
  const isCopy = size.width === width && size.height === height;
  const columns = axisSamples(width, size.width, window.x, window.width);
  const rows = axisSamples(height, size.height, window.y, window.height);
  for (let c = 0; c < channels; c++) {
    const plane = c * height * width;
    for (let y = 0; y < window.height; y++) {
      const at = target.offset + c * target.planeStride + y * target.stride;
      if (isCopy) {
        const from = plane + (window.y + y) * width + window.x;
        target.data.set(pixels.subarray(from, from + window.width), at);
      } else {
        const above = plane + rows.near[y]! * width;
        const below = plane + rows.far[y]! * width;
        resizeRow(pixels, above, below, rows.nearWeight[y]!, rows.farWeight[y]!, columns, target.data, at);
      }
    }
  }
}

/** The sum in the order of onnxruntime's kernel, every step in float32. Storing rounds halves to even, as ONNX Round. */
function resizeRow(
  pixels: Uint8Array,
  above: number,
  below: number,
  aboveWeight: number,
  belowWeight: number,
  { near, far, nearWeight, farWeight }: AxisSamples,
  target: Uint8ClampedArray,
  at: number,
): void {
  const { fround } = Math;
  for (let x = 0; x < near.length; x++) {
    const left = near[x]!;
    const right = far[x]!;
    const leftWeight = nearWeight[x]!;
    const rightWeight = farWeight[x]!;
    let value = fround(fround(leftWeight * aboveWeight) * pixels[above + left]!);
    value = fround(value + fround(fround(rightWeight * aboveWeight) * pixels[above + right]!));
    value = fround(value + fround(fround(leftWeight * belowWeight) * pixels[below + left]!));
    target[at + x] = fround(value + fround(fround(rightWeight * belowWeight) * pixels[below + right]!));
  }
}

function axisSamples(size: number, count: number, start: number, length: number): AxisSamples {
  const { fround } = Math;
  const samples = {
    near: new Int32Array(length),
    far: new Int32Array(length),
    nearWeight: new Float32Array(length),
    farWeight: new Float32Array(length),
  };
  const scale = fround(count / size);
  for (let i = 0; i < length; i++) {
    const centre = count === size ? start + i : fround(fround(fround(start + i + 0.5) / scale) - 0.5);
    const position = Math.max(0, Math.min(size - 1, centre));
    const near = Math.min(Math.trunc(position), size - 1);
    const far = Math.min(near + 1, size - 1);
    samples.near[i] = near;
    samples.far[i] = far;
    samples.nearWeight[i] = near === far ? 0.5 : Math.abs(fround(position - far));
    samples.farWeight[i] = near === far ? 0.5 : Math.abs(fround(position - near));
  }
  return samples;
}
