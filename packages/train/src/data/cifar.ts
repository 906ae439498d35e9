import { basename } from 'node:path';
import { malformed } from '@nats/graph';
import { readRegularFile } from '@nats/transfer';
import { type ImageDataset, imageDataset } from './image-dataset.js';

const CIFAR10_CLASSES = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

const PIXELS = 3 * 32 * 32;

/** Options of `readCifar10`. */
export interface CifarOptions {
  /** `cifar10`: one byte of label before each image. `cifar100`: coarse and fine label. */
  readonly variant?: 'cifar10' | 'cifar100';
  /** Default: `variant`. */
  readonly name?: string;
  /** Default: CIFAR-10's; numbers for CIFAR-100. */
  readonly classes?: readonly string[];
}

/**
 * Reads CIFAR's binary version (Krizhevsky 2009): records of labels and 3x32x32 bytes, `data_batch_1.bin` and so on.
 * @throws NatsError `malformed` for a file that is no whole number of records, or a label without a class; IO errors pass
 */
export async function readCifar(paths: readonly string[], options: CifarOptions = {}): Promise<ImageDataset> {
  const { variant = 'cifar10', name = variant } = options;
  const labelBytes = variant === 'cifar10' ? 1 : 2;
  const classes =
    options.classes ?? (variant === 'cifar10' ? CIFAR10_CLASSES : Array.from({ length: 100 }, (_, i) => String(i)));
  const record = labelBytes + PIXELS;
  const files = [];
  for (const path of paths) files.push({ path, bytes: await readRegularFile(path) });
  for (const { path, bytes } of files) {
    if (bytes.length === 0 || bytes.length % record !== 0) {
      throw malformed(basename(path), '', {
        rule: `a file of ${variant} is a whole number of records of ${record} bytes`,
        received: `${bytes.length} bytes`,
        limit: 'the binary version (*.bin), not the one for Python or Matlab',
      });
    }
  }
  const count = files.reduce((sum, { bytes }) => sum + bytes.length / record, 0);
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  let at = 0;
  for (const { path, bytes } of files) {
    for (let start = 0; start < bytes.length; start += record) {
      const label = bytes[start + labelBytes - 1]!;
      if (label >= classes.length) {
        throw malformed(basename(path), `record ${start / record}`, {
          rule: 'a label is the number of a class',
          received: String(label),
          limit: `0 to ${classes.length - 1}`,
        });
      }
      labels[at] = label;
      images.set(bytes.subarray(start + labelBytes, start + record), at * PIXELS);
      at++;
    }
  }
  return imageDataset({ name, images, labels, classes, channels: 3, height: 32, width: 32 });
}
