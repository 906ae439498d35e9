import { check } from '../errors.js';
import { apply, defineOp } from '../op.js';
import { type Dimension, formatType, type Tensor } from '../tensor.js';
import { sizeOf, tensorData } from '../tensor-data.js';
import type { Pair } from './convolution.js';
import { matMul } from './matmul.js';
import { broadcastTo, reshape } from './reshape.js';
import { constant } from './source.js';

/** Attributes of `resizeBilinear`. */
export interface ResizeAttributes {
  /** `[height, width]` of the result. */
  readonly size: Pair;
}

/**
 * The linear interpolation of one axis as a matrix `[to, from]`, row-major. Half-pixel centers: output i reads at
 * (i + 0.5) from / to - 0.5, clamped to the ends.
 */
function interpolationMatrix(from: number, to: number): Float64Array {
  const matrix = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    matrix[i * from + low]! += 1 - (position - low);
    if (position > low) matrix[i * from + low + 1]! += position - low;
  }
  return matrix;
}

/** The op of `resizeBilinear`. */
export const resizeBilinearOp = defineOp<ResizeAttributes, [x: Tensor]>({
  name: 'resizeBilinear',
  infer: ([x], { size }) => {
    const whole = size.every((side) => Number.isInteger(side) && side >= 1);
    const fits = x.dtype === 'float32' && x.shape.length === 4 && x.shape[2] !== 0 && x.shape[3] !== 0;
    check(whole && fits, 'shape', () => ({
      rule: 'resizeBilinear takes float32 [N, C, H, W] with pixels, and a whole size [height, width] of at least 1',
      received: `${formatType(x)} to [${size.join(', ')}]`,
    }));
    return [{ dtype: 'float32', shape: [...x.shape.slice(0, 2), ...size] }];
  },
  gradient: ({ inputs: [x], gradients: [g], attributes: { size } }) => {
    const [rows, columns] = ([0, 1] as const).map((axis) => {
      const [from, to] = [x.shape[2 + axis] as number, size[axis]];
      return constant(tensorData('float32', [to, from], interpolationMatrix(from, to)));
    }) as [Tensor, Tensor];
    return [matMul(rows, matMul(g, columns), { transposeA: true })];
  },
  evaluate: ([x], { size }) => {
    const [n, c, height, width] = x.shape as [number, number, number, number];
    const rows = interpolationMatrix(height, size[0]);
    const columns = interpolationMatrix(width, size[1]);
    const shape = [n, c, ...size];
    const data = new Float64Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      const [plane, row, column] = [Math.floor(i / sizeOf(size)), Math.floor(i / size[1]) % size[0], i % size[1]];
      for (let y = 0; y < height; y++) {
        const share = rows[row * height + y]!;
        if (share === 0) continue;
        for (let at = 0; at < width; at++) {
          const weight = share * columns[column * width + at]!;
          if (weight !== 0) data[i]! += weight * x.data[(plane * height + y) * width + at]!;
        }
      }
    }
    return [{ dtype: 'float32', shape, data }];
  },
});

/**
 * Bilinear resizing of `[N, C, H, W]` to `[height, width]` with half-pixel centers, as PyTorch's `interpolate` with
 * `align_corners=False` and without antialiasing: shrinking skips pixels.
 */
export function resizeBilinear(x: Tensor, size: Pair): Tensor {
  return apply(resizeBilinearOp, [x], { size: [size[0], size[1]] });
}

/** Nearest-neighbor upsampling of `[N, C, H, W]` by whole factors: each pixel is repeated. */
export function upsampleNearest(x: Tensor, factor: number): Tensor {
  check(x.shape.length === 4 && Number.isInteger(factor) && factor >= 1, 'attribute', () => ({
    rule: 'upsampleNearest takes [N, C, H, W] and a whole factor of at least 1',
    received: `${formatType(x)}, factor ${factor}`,
  }));
  const [n, c, h, w] = x.shape as [Dimension, number, number, number];
  const repeated = broadcastTo(reshape(x, [n, c, h, 1, w, 1]), [n, c, h, factor, w, factor]);
  return reshape(repeated, [n, c, h * factor, w * factor]);
}
