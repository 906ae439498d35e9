import type { OnnxBuilder } from '@nats/export';
import { type ConvolutionAttributes, sizeOf } from '@nats/graph';
import { once } from './memo.js';

/** Where the taps of a convolution's kernel look: all sizes are known numbers. */
export interface Geometry extends Pick<ConvolutionAttributes, 'stride' | 'padding' | 'dilation'> {
  /** `[H, W]` of the convolution's input. */
  readonly input: readonly [number, number];
  /** `[H', W']` of its output. */
  readonly output: readonly [number, number];
  /** `[kh, kw]` */
  readonly kernel: readonly [number, number];
}

/**
 * For each output pixel and tap the input pixel that is read, `[H' W', kh kw]`; `H W`, one past the last, where the
 * tap falls on padding.
 */
export function forwardTable({ input, output, kernel, stride, padding, dilation }: Geometry): Int32Array {
  const axis = (which: 0 | 1) => (to: number, tap: number) => {
    const at = to * stride[which] - padding[which] + tap * dilation[which];
    return at >= 0 && at < input[which] ? at : -1;
  };
  return table(output, kernel, input, axis(0), axis(1));
}

/**
 * For each input pixel and tap the output pixel that reads it through that tap, `[H W, kh kw]`; `H' W'` where there
 * is none: because of the border, or because a stride passes over it.
 */
export function backwardTable({ input, output, kernel, stride, padding, dilation }: Geometry): Int32Array {
  const axis = (which: 0 | 1) => (to: number, tap: number) => {
    const at = to + padding[which] - tap * dilation[which];
    return at >= 0 && at % stride[which] === 0 && at / stride[which] < output[which] ? at / stride[which] : -1;
  };
  return table(input, kernel, output, axis(0), axis(1));
}

/**
 * For each input pixel the rows of `[H' W', taps]` that reach it, as `output pixel * taps + tap` in order of taps, and
 * how many there are at most (9 for a 3x3 kernel with stride 1, 4 with stride 2); missing ones are rows of the pixel
 * behind the last.
 */
export function gatherAccumulateTable(geometry: Geometry): { readonly rows: Int32Array; readonly most: number } {
  const from = backwardTable(geometry);
  const none = geometry.output[0] * geometry.output[1];
  const taps = geometry.kernel[0] * geometry.kernel[1];
  const lists = Array.from({ length: from.length / taps }, (_, pixel) =>
    Array.from(from.subarray(pixel * taps, (pixel + 1) * taps), (out, tap) =>
      out === none ? -1 : out * taps + tap,
    ).filter((row) => row >= 0),
  );
  const most = Math.max(1, ...lists.map((list) => list.length));
  const rows = new Int32Array(lists.length * most).fill(none * taps);
  for (const [pixel, list] of lists.entries()) rows.set(list, pixel * most);
  return { rows, most };
}

type AxisRule = (to: number, tap: number) => number;

function table(
  to: readonly [number, number],
  [kh, kw]: readonly [number, number],
  [height, width]: readonly [number, number],
  row: AxisRule,
  column: AxisRule,
): Int32Array {
  const result = new Int32Array(to[0] * to[1] * kh * kw);
  let k = 0;
  for (let y = 0; y < to[0]; y++) {
    for (let x = 0; x < to[1]; x++) {
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++, k++) {
          const [r, c] = [row(y, ky), column(x, kx)];
          result[k] = r < 0 || c < 0 ? height * width : r * width + c;
        }
      }
    }
  }
  return result;
}

/** `[N, G Cg, H, W]` to `[G, N, H W, Cg]`: a pixel's channels side by side, each group on its own. */
export function pixelRows(builder: OnnxBuilder, x: string, shape: readonly number[], groups: number): string {
  return once(builder, `rows ${x} ${groups}`, () => {
    const [n, c, h, w] = shape as [number, number, number, number];
    if (groups === 1) {
      // As three axes: with one more, of length 1, onnxruntime takes a path that is ten times as slow on large maps.
      const flat = builder.node('Reshape', [x, builder.int64([n, c, h * w])]);
      const transposed = builder.node('Transpose', [flat], { perm: [0, 2, 1] });
      return builder.node('Reshape', [transposed, builder.int64([1, n, h * w, c])]);
    }
    const planes = builder.node('Reshape', [x, builder.int64([n, groups, c / groups, h * w])]);
    return builder.node('Transpose', [planes], { perm: [1, 0, 3, 2] });
  });
}

/** `[N, G Cg, H, W]` to `[G, Cg, N H W]`. */
export function channelRows(builder: OnnxBuilder, x: string, shape: readonly number[], groups: number): string {
  return once(builder, `channels ${x} ${groups}`, () => {
    const [n, c, h, w] = shape as [number, number, number, number];
    const moved = builder.node('Transpose', [x], { perm: [1, 0, 2, 3] });
    return builder.node('Reshape', [moved, builder.int64([groups, c / groups, n * h * w])]);
  });
}

/** The first tap, and the one behind the last. */
export type TapRange = readonly [number, number];

/** Taps in even parts, of each of which the columns have at most so many numbers; one tap at least. */
export function tapRanges(taps: number, numbersOfTap: number, most: number): TapRange[] {
  const parts = Math.min(taps, Math.ceil((taps * numbersOfTap) / most));
  return Array.from({ length: parts }, (_, i) => [
    Math.floor((i * taps) / parts),
    Math.floor(((i + 1) * taps) / parts),
  ]);
}

/**
 * im2col without arithmetic: `[G, N, pixels, taps, Cg]`, what each tap sees, by gathering rows of a pixel's channels.
 * One copy of Cg numbers for each tap, in parallel, for any stride, padding and dilation; padding is a row of zeros
 * behind the last pixel.
 * @param part taps of which there are to be columns; default all
 */
export function columns(
  builder: OnnxBuilder,
  x: string,
  shape: readonly number[],
  groups: number,
  geometry: Geometry,
  direction: 'forward' | 'backward',
  part?: TapRange,
): string {
  const all = geometry.kernel[0] * geometry.kernel[1];
  const [first, end] = part ?? [0, all];
  const key = `${direction} ${JSON.stringify(geometry)} ${first} ${end}`;
  return once(builder, `columns ${x} ${groups} ${key}`, () => {
    const [n, c, h, w] = shape as [number, number, number, number];
    const pixels = direction === 'forward' ? geometry.output : geometry.input;
    const taps = end - first;
    const data = (direction === 'forward' ? forwardTable(geometry) : backwardTable(geometry)).filter(
      (_, i) => i % all >= first && i % all < end,
    );
    const rows = pixelRows(builder, x, shape, groups);
    // A 1x1 convolution with stride 1 reads every pixel once, in order.
    if (data.length === h * w && data.every((from, i) => from === i)) {
      return builder.node('Reshape', [rows, builder.int64([groups, n, h * w, 1, c / groups])]);
    }
    const padded = data.includes(h * w) ? withZeroPixel(builder, rows, [groups, n, 1, c / groups]) : rows;
    const index = once(builder, `table ${key}`, () =>
      builder.constant({ dtype: 'int32', shape: [pixels[0] * pixels[1], taps], data }),
    );
    return builder.node('Gather', [padded, index], { axis: 2 });
  });
}

/** `[G, N, pixels, Cg]` with one more pixel, of zeros, behind the last. */
export function withZeroPixel(builder: OnnxBuilder, rows: string, shape: readonly number[]): string {
  return once(builder, `padded ${rows}`, () => {
    const zeros = once(builder, `zeros ${shape}`, () =>
      builder.constant({ dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)) }),
    );
    return builder.node('Concat', [rows, zeros], { axis: 2 });
  });
}
