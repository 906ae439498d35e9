import { encodePng } from '@nats/detect';

/** Slow waves of color, 256 x 192. */
export async function picture(): Promise<Buffer> {
  const [width, height] = [256, 192];
  const pixels = new Uint8Array(3 * width * height);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        pixels[(c * height + y) * width + x] = 128 + 90 * Math.sin(x / (30 + 9 * c)) * Math.cos(y / (25 + 7 * c));
  return Buffer.from(await encodePng({ channels: 3, width, height, pixels }));
}
