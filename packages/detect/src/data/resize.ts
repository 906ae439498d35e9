import type { DecodedImage } from './decoded-image.js';

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

/** Where a resized image is written: `stride` bytes a row, `planeStride` a channel, from `offset`. */
export interface ResizeTarget {
  readonly data: Uint8ClampedArray;
  readonly offset: number;
  readonly stride: number;
  readonly planeStride: number;
}

/**
 * Bilinear resize with half-pixel centers: sample i of n looks at (i + 0.5) * size / n - 0.5 of the source, clamped to
 * its border. No antialiasing. The arithmetic, in float32, is that of ONNX Resize (mode linear,
 * coordinate_transformation_mode half_pixel) followed by Round, as onnxruntime evaluates them: an exported model can
 * resize in its graph and sees the pixels that it was trained on. (Antialiasing came to ONNX with opset 18 only, and
 * image libraries disagree about it.)
 *
 * @param size width and height of the whole resized image
 * @param window the part of it that is computed
 */
export function resizeInto(
  image: DecodedImage,
  size: { readonly width: number; readonly height: number },
  window: Window,
  target: ResizeTarget,
): void {
  const { channels, height, width, pixels } = image;
  const isCopy = size.width === width && size.height === height;
  const columns = axisSamples(width, size.width, window.x, window.width);
  const rows = axisSamples(height, size.height, window.y, window.height);
  for (let y = 0; y < window.height; y++) {
    const at = target.offset + y * target.stride;
    if (isCopy) {
      for (let c = 0; c < channels; c++) {
        const from = (c * height + window.y + y) * width + window.x;
        target.data.set(pixels.subarray(from, from + window.width), at + c * target.planeStride);
      }
    } else {
      const above = { start: rows.near[y]! * width, weight: rows.nearWeight[y]! };
      const below = { start: rows.far[y]! * width, weight: rows.farWeight[y]! };
      resizeRow(image, above, below, columns, { ...target, offset: at });
    }
  }
}

interface SourceRow {
  readonly start: number;
  readonly weight: number;
}

/** The sum in the order of onnxruntime's kernel, every step in float32. Storing rounds halves to even, as ONNX Round. */
function resizeRow(
  { channels, height, width, pixels }: DecodedImage,
  above: SourceRow,
  below: SourceRow,
  { near, far, nearWeight, farWeight }: AxisSamples,
  { data, offset, planeStride }: ResizeTarget,
): void {
  const { fround } = Math;
  const [topStart, bottomStart, topWeight, bottomWeight] = [above.start, below.start, above.weight, below.weight];
  const plane = height * width;
  for (let x = 0; x < near.length; x++) {
    const left = near[x]!;
    const right = far[x]!;
    const topLeft = fround(nearWeight[x]! * topWeight);
    const topRight = fround(farWeight[x]! * topWeight);
    const bottomLeft = fround(nearWeight[x]! * bottomWeight);
    const bottomRight = fround(farWeight[x]! * bottomWeight);
    for (let c = 0; c < channels; c++) {
      const top = c * plane + topStart;
      const bottom = c * plane + bottomStart;
      let value = fround(topLeft * pixels[top + left]!);
      value = fround(value + fround(topRight * pixels[top + right]!));
      value = fround(value + fround(bottomLeft * pixels[bottom + left]!));
      data[offset + c * planeStride + x] = fround(value + fround(bottomRight * pixels[bottom + right]!));
    }
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
    const center = count === size ? start + i : fround(fround(fround(start + i + 0.5) / scale) - 0.5);
    const position = Math.max(0, Math.min(size - 1, center));
    const near = Math.min(Math.trunc(position), size - 1);
    const far = Math.min(near + 1, size - 1);
    samples.near[i] = near;
    samples.far[i] = far;
    samples.nearWeight[i] = near === far ? 0.5 : Math.abs(fround(position - far));
    samples.farWeight[i] = near === far ? 0.5 : Math.abs(fround(position - near));
  }
  return samples;
}
