import type { OnnxBuilder } from '@nats/export';
import { once } from './memo.js';

/** Which axis of a kernel's depth varies slowest: `[taps, channels]` or, as in OIHW, `[channels, taps]`. */
export type Order = 'taps-channels' | 'channels-taps';

/** `[rows, a, b]` to `[rows, b, a]`. */
export function swapLast(builder: OnnxBuilder, x: string, [rows, a, b]: readonly [number, number, number]): string {
  if (a === 1 || b === 1) return x;
  return once(builder, `transposed ${x}`, () => {
    const flat = builder.node('Reshape', [x, builder.int64([rows, a, b])]);
    return builder.node('Transpose', [flat], { perm: [0, 2, 1] });
  });
}

/**
 * Columns come as taps by channels and weights as channels by taps: the smaller of the two is transposed. (The columns
 * have a row for each output pixel of the batch, the weight one for each output channel.)
 */
export function cheaperOrder(pixels: number, channels: number): Order {
  return pixels < channels ? 'channels-taps' : 'taps-channels';
}
