import type { DecodedImage, DetectorConvention } from '@nats/detect';
import { hash32 } from '@nats/graph';

/** An image of the size that a detector sees, to measure on. */
export function noise({ input }: DetectorConvention): DecodedImage {
  const { channels, size } = input;
  const [height, width] = size;
  const pixels = Uint8Array.from({ length: channels * height * width }, (_, i) => hash32(1, i) & 255);
  return { channels, height, width, pixels };
}
