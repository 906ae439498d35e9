import { readFile } from 'node:fs/promises';
import { malformed, NatsError } from '@nats/graph';
import sharp from 'sharp';
import { type DatasetRecord, sourceName } from './dataset.js';
import type { DecodedImage } from './decoded-image.js';

export interface DecodeOptions {
  /** 3: red, green, blue. 1: grey, 0.299 R + 0.587 G + 0.114 B (ITU-R 601, as Pillow and OpenCV). Default 3. */
  readonly channels?: 1 | 3;
  /** Turn and mirror as the file's EXIF orientation says, as viewers do; default `apply`. */
  readonly orientation?: 'apply' | 'ignore';
  /** Colour behind transparent pixels, 0 to 255 each; default white. */
  readonly background?: readonly [number, number, number];
}

/**
 * Decodes a JPEG, PNG, WebP, GIF, TIFF or AVIF to 8 bit sRGB: 16-bit, palette, grey and CMYK images are converted,
 * transparency is laid on the background, and of an animation the first picture counts.
 * @param name the file, for messages
 * @throws NatsError `malformed` if it is empty, truncated, or no image
 */
export async function decodeImage(bytes: Uint8Array, name: string, options: DecodeOptions = {}): Promise<DecodedImage> {
  const { channels = 3, orientation = 'apply', background = [255, 255, 255] } = options;
  if (bytes.length === 0) throw malformed(name, '', { rule: 'an image file has bytes', received: 'an empty file' });
  const [r, g, b] = background;
  const { data, info } = await sharp(bytes, { failOn: 'error', autoOrient: orientation === 'apply' })
    .flatten({ background: { r, g, b } })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: Error) => {
      throw undecodable(name, cause);
    });
  if (info.channels !== 3) {
    throw malformed(name, '', { rule: 'an image can be converted to sRGB', received: `${info.channels} channels` });
  }
  const { width, height } = info;
  return {
    channels,
    height,
    width,
    pixels: channels === 1 ? luma(data, width * height) : planes(data, width * height),
  };
}

/** Reads and decodes a file. IO errors pass through. @throws NatsError `malformed` */
export async function readImage(path: string, options: DecodeOptions = {}): Promise<DecodedImage> {
  return decodeImage(await readFile(path), path, options);
}

/** Width and height of an image file, from its header. IO errors pass through. @throws NatsError `malformed` */
export async function readImageSize(
  path: string,
  { orientation = 'apply' }: Pick<DecodeOptions, 'orientation'> = {},
): Promise<{ width: number; height: number }> {
  const bytes = await readFile(path);
  if (bytes.length === 0) throw malformed(path, '', { rule: 'an image file has bytes', received: 'an empty file' });
  const { width, height, autoOrient } = await sharp(bytes)
    .metadata()
    .catch((cause: Error) => {
      throw undecodable(path, cause);
    });
  return orientation === 'apply' ? { width: autoOrient.width, height: autoOrient.height } : { width, height };
}

/**
 * The pixels of a record.
 * @throws NatsError `malformed` if the image is broken or its size is not the annotated one; IO errors pass through
 */
export async function loadRecordImage(
  record: Pick<DatasetRecord, 'id' | 'source' | 'width' | 'height'>,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  const { source } = record;
  const image = 'file' in source ? await readImage(source.file, options) : await loadPixels(record.id, source.load);
  if (image.width !== record.width || image.height !== record.height) {
    throw malformed(sourceName(record), 'size', {
      rule: 'an image has the size of its annotation',
      received: `${image.width} x ${image.height}`,
      limit: `${record.width} x ${record.height}; is it turned by its EXIF orientation? (option orientation)`,
    });
  }
  return withChannels(image, options.channels ?? 3);
}

/** Errors of a function that says nothing about the image get its id. */
async function loadPixels(id: string, load: () => DecodedImage | Promise<DecodedImage>): Promise<DecodedImage> {
  try {
    return await load();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) throw cause;
    throw new NatsError(
      'malformed',
      { rule: 'the pixels of an image can be loaded', received: String(cause), where: id },
      { cause },
    );
  }
}

/** Grey as three equal channels, or colours as grey. */
function withChannels(image: DecodedImage, channels: 1 | 3): DecodedImage {
  if (image.channels === channels) return image;
  const area = image.width * image.height;
  const pixels = new Uint8Array(area * channels);
  if (channels === 3) for (let c = 0; c < 3; c++) pixels.set(image.pixels, c * area);
  else {
    const { pixels: p } = image;
    for (let i = 0; i < area; i++) pixels[i] = grey(p[i]!, p[area + i]!, p[2 * area + i]!);
  }
  return { ...image, channels, pixels };
}

/** ITU-R 601 in 16 bits, rounded; grey stays as it is. */
function grey(r: number, g: number, b: number): number {
  return (r * 19595 + g * 38470 + b * 7471 + 32768) >> 16;
}

function luma(interleaved: Uint8Array, area: number): Uint8Array {
  const pixels = new Uint8Array(area);
  for (let i = 0; i < area; i++)
    pixels[i] = grey(interleaved[3 * i]!, interleaved[3 * i + 1]!, interleaved[3 * i + 2]!);
  return pixels;
}

function planes(interleaved: Uint8Array, area: number): Uint8Array {
  const pixels = new Uint8Array(3 * area);
  for (let i = 0; i < area; i++) {
    pixels[i] = interleaved[3 * i]!;
    pixels[area + i] = interleaved[3 * i + 1]!;
    pixels[2 * area + i] = interleaved[3 * i + 2]!;
  }
  return pixels;
}

function undecodable(name: string, cause: Error) {
  return malformed(name, '', {
    rule: 'an image can be decoded',
    received: cause.message.replaceAll(/\s+/g, ' ').trim(),
  });
}
