import type { ImageSize } from './image-dataset.js';

/**
 * Changes an image of a training batch.
 * @param image uint8 `[C, H, W]`, not to be written
 * @param random numbers in [0, 1) by position 0, 1, …, of this image and step alone
 * @returns a new image of the same size, or the image itself
 */
export type Augmentation = (image: Uint8Array, size: ImageSize, random: (n: number) => number) => Uint8Array;

/** Mirrors left and right with probability 1/2. */
export const horizontalFlip: Augmentation = (image, { channels, height, width }, random) => {
  if (random(0) < 0.5) return image;
  const flipped = new Uint8Array(image.length);
  for (let row = 0; row < channels * height; row++) {
    for (let x = 0; x < width; x++) flipped[row * width + x] = image[row * width + width - 1 - x]!;
  }
  return flipped;
};

/** Moves by up to `padding` pixels in each direction, zeros behind: padding and a random crop, CIFAR's usual recipe. */
export function padCrop(padding: number): Augmentation {
  const offset = (uniform: number) => Math.floor(uniform * (2 * padding + 1)) - padding;
  return (image, { channels, height, width }, random) => {
    const [dy, dx] = [offset(random(0)), offset(random(1))];
    if (dy === 0 && dx === 0) return image;
    const moved = new Uint8Array(image.length);
    const [from, to] = [Math.max(0, -dx), Math.min(width, width - dx)];
    for (let c = 0; c < channels; c++) {
      for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
        const source = (c * height + y + dy) * width + dx;
        moved.set(image.subarray(source + from, source + to), (c * height + y) * width + from);
      }
    }
    return moved;
  };
}
