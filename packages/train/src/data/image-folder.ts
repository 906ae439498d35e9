import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { malformed } from '@nats/graph';
import { readRegularFile } from '@nats/transfer';
import { type ImageDataset, type ImageSize, imageDataset } from './image-dataset.js';

/** Makes an image of a file's bytes, in the size that is asked for: uint8 `[H, W, C]`, as most decoders give it. */
export type ImageDecoder = (bytes: Uint8Array, size: ImageSize) => Promise<Uint8Array>;

/** Options of `readImageFolder`. */
export interface ImageFolderOptions extends ImageSize {
  readonly decode: ImageDecoder;
  /** Default: the directory. */
  readonly name?: string;
  /** Default jpg, jpeg, png, webp, bmp. */
  readonly extensions?: readonly string[];
  /** Images that are decoded at the same time; default 4. */
  readonly concurrency?: number;
}

const EXTENSIONS = ['jpg', 'jpeg', 'png', 'webp', 'bmp'];

/**
 * Reads images sorted into one folder for each class, all into memory, in alphabetical order of classes and
 * files (torchvision's ImageFolder).
 * @throws NatsError `malformed` for a directory without classes, a class without images, an image that cannot be decoded;
 * IO errors pass through
 */
export async function readImageFolder(directory: string, options: ImageFolderOptions): Promise<ImageDataset> {
  const { decode, name = directory, extensions = EXTENSIONS, concurrency = 4, channels, height, width } = options;
  const size = { channels, height, width };
  const entries = await readdir(directory, { withFileTypes: true });
  const classes = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  classes.sort();
  if (classes.length === 0) {
    throw malformed(directory, '', { rule: 'an image folder has one folder for each class', received: 'none' });
  }
  const files: { path: string; label: number }[] = [];
  for (const [label, folder] of classes.entries()) {
    const names = (await readdir(join(directory, folder))).filter((file) => isImage(file, extensions));
    if (names.length === 0) {
      throw malformed(join(directory, folder), '', {
        rule: 'a class has at least one image',
        received: 'none',
        limit: extensions.join(', '),
      });
    }
    for (const file of names.sort()) files.push({ path: join(directory, folder, file), label });
  }
  const pixels = channels * height * width;
  const images = new Uint8Array(files.length * pixels);
  let next = 0;
  const worker = async () => {
    while (next < files.length) {
      const index = next++;
      const { path } = files[index]!;
      toPlanes(await decodeFile(path, decode, size), size, images.subarray(index * pixels, (index + 1) * pixels));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const labels = files.map(({ label }) => label);
  return imageDataset({ name, images, labels, classes, names: files.map(({ path }) => path), ...size });
}

function isImage(file: string, extensions: readonly string[]): boolean {
  return extensions.includes(file.slice(file.lastIndexOf('.') + 1).toLowerCase());
}

async function decodeFile(path: string, decode: ImageDecoder, size: ImageSize): Promise<Uint8Array> {
  const bytes = await readRegularFile(path);
  const image = await decode(bytes, size).catch((cause: Error) => {
    throw malformed(path, '', { rule: 'an image can be decoded', received: cause.message });
  });
  const { channels, height, width } = size;
  if (image.length !== channels * height * width) {
    throw malformed(path, '', {
      rule: 'a decoder gives the size that it was asked for',
      received: `${image.length} bytes`,
      limit: `${height} x ${width} x ${channels}`,
    });
  }
  return image;
}

/** `[H, W, C]` to `[C, H, W]`. */
function toPlanes(image: Uint8Array, { channels, height, width }: ImageSize, target: Uint8Array): void {
  const area = height * width;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) target[c * area + i] = image[i * channels + c]!;
  }
}
