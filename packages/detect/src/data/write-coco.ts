import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cocoGroundTruth } from './coco-ground-truth.js';
import type { Dataset } from './dataset.js';
import { loadRecordImage } from './decode-image.js';
import type { DecodedImage } from './decoded-image.js';
import { loadSharp } from './load-sharp.js';

export interface WriteCocoOptions {
  /** Name of the annotation file; default `instances.json`. */
  readonly annotations?: string;
  /** Of the images; default 3. */
  readonly channels?: 1 | 3;
}

/**
 * Writes a dataset in COCO's format: `directory/instances.json` and a PNG file for each image in `directory/images`,
 * named by the image's number. Read it back with `readCoco(join(directory, 'instances.json'), { images: join(directory,
 * 'images') })`. The annotation file comes last: if it is there, the images are complete.
 * @throws NatsError `malformed` for an image that is broken or not of its annotated size; IO errors pass through
 */
export async function writeCoco(dataset: Dataset, directory: string, options: WriteCocoOptions = {}): Promise<void> {
  const { annotations = 'instances.json', channels = 3 } = options;
  const folder = join(directory, 'images');
  await mkdir(folder, { recursive: true });
  const truth = cocoGroundTruth(dataset);
  const fileNames = truth.images.map(({ id }) => `${String(id).padStart(6, '0')}.png`);
  for (const [i, record] of dataset.records.entries()) {
    await writeWhole(join(folder, fileNames[i]!), await encodePng(await loadRecordImage(record, { channels })));
  }
  const images = truth.images.map((image, i) => ({ ...image, file_name: fileNames[i]! }));
  await writeWhole(join(directory, annotations), JSON.stringify({ ...truth, images }));
}

/** Grey or RGB planes as the bytes of a PNG file. */
export async function encodePng({ channels, height, width, pixels }: DecodedImage): Promise<Uint8Array> {
  const area = width * height;
  const interleaved = new Uint8Array(area * channels);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) interleaved[i * channels + c] = pixels[c * area + i]!;
  }
  const sharp = await loadSharp();
  const raw = { width, height, channels: channels as 1 | 3 };
  const image = sharp(interleaved, { raw });
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer();
}

/** Writes to a temporary name and renames: a file is whole or not there. */
async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
