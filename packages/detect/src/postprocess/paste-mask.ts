import { check } from '@nats/graph';
import { encodeMaskPart, type RleMask } from '../masks/rle-mask.js';

/**
 * Puts a mask that was predicted inside a box where it belongs in the image (torchvision's paste_masks_in_image): a frame of
 * one empty pixel around it, the box enlarged accordingly and cut to whole pixels, bilinear interpolation.
 * @param probabilities `[side, side]`, 0 to 1
 * @param threshold pixels above it are the object's; default 0.5
 */
export function pasteMask(
  probabilities: ArrayLike<number>,
  box: readonly [number, number, number, number],
  height: number,
  width: number,
  threshold = 0.5,
): RleMask {
  const side = Math.sqrt(probabilities.length);
  check(Number.isInteger(side) && side > 0, 'shape', () => ({
    rule: 'a predicted mask is a square',
    received: `${probabilities.length} values`,
  }));
  const padded = side + 2;
  const value = (row: number, column: number) => {
    const inside = row >= 1 && column >= 1 && row <= side && column <= side;
    return inside ? probabilities[(row - 1) * side + column - 1]! : 0;
  };
  const horizontal = placed(box[0], box[2], padded / side, padded, width);
  const vertical = placed(box[1], box[3], padded / side, padded, height);
  const part = {
    x: horizontal[0]?.at ?? 0,
    y: vertical[0]?.at ?? 0,
    width: horizontal.length,
    height: vertical.length,
  };
  const pixels = new Uint8Array(part.height * part.width);
  for (const [row, y] of vertical.entries()) {
    for (const [column, x] of horizontal.entries()) {
      const upper = value(y.low, x.low) * (1 - x.weight) + value(y.low, x.high) * x.weight;
      const lower = value(y.high, x.low) * (1 - x.weight) + value(y.high, x.high) * x.weight;
      if (upper * (1 - y.weight) + lower * y.weight > threshold) pixels[row * part.width + column] = 1;
    }
  }
  return encodeMaskPart(pixels, part, { height, width });
}

interface Sample {
  /** Pixel of the image. */
  readonly at: number;
  readonly low: number;
  readonly high: number;
  readonly weight: number;
}

/** Where each pixel of the image along one axis reads from the padded mask. */
function placed(low: number, high: number, scale: number, size: number, limit: number): Sample[] {
  const [middle, half] = [(low + high) / 2, ((high - low) / 2) * scale];
  const [start, end] = [Math.trunc(middle - half), Math.trunc(middle + half)];
  const length = Math.max(end - start + 1, 1);
  const samples: Sample[] = [];
  for (let at = Math.max(start, 0); at < Math.min(end + 1, limit); at++) {
    // Middles of pixels lie on middles of pixels (align_corners false); before the first there is only the first.
    const position = Math.max(((at - start + 0.5) * size) / length - 0.5, 0);
    const below = Math.min(Math.floor(position), size - 1);
    samples.push({ at, low: below, high: Math.min(below + 1, size - 1), weight: position - below });
  }
  return samples;
}
