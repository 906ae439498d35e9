import { check, type TensorData } from '@nats/graph';
import type { PixelStatistics } from '@nats/space';
import type { ImageSize } from './image-dataset.js';

/** Makes float32 `[N, C, H, W]`, `(pixel / 255 - mean) / deviation`, of uint8 `[C, H, W]` images. */
export type Normalizer = (images: readonly Uint8Array[]) => TensorData;

/**
 * Turns 8-bit pixels into float32 ones: (value / 255 - mean) / deviation for each channel.
 * @throws NatsError `attribute` unless there is one mean and one positive deviation for each channel
 */
export function createNormalizer(size: ImageSize, { mean, deviation }: PixelStatistics): Normalizer {
  const { channels, height, width } = size;
  check(
    mean.length === channels && deviation.length === channels && deviation.every((value) => value > 0),
    'attribute',
    () => ({
      rule: 'pixels are normalized by one mean and one positive deviation for each channel',
      received: `means ${mean.join(', ')}; deviations ${deviation.join(', ')}`,
      limit: `${channels} channels`,
    }),
  );
  const area = height * width;
  const tables = mean.map((m, c) =>
    Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - m) / deviation[c]!),
  );
  return (images) => {
    const data = new Float32Array(images.length * channels * area);
    for (const [n, image] of images.entries()) {
      for (let c = 0; c < channels; c++) {
        const table = tables[c]!;
        const start = (n * channels + c) * area;
        for (let i = 0; i < area; i++) data[start + i] = table[image[c * area + i]!]!;
      }
    }
    return { dtype: 'float32', shape: [images.length, channels, height, width], data };
  };
}
