import { malformed, NatsError } from '@nats/graph';
import type { Sharp, SharpOptions } from 'sharp';
import { readBytes } from '../files/read-file.js';
import { type DatasetRecord, sourceName } from './dataset.js';
import { bmpSize, checkPixels, decodeBmp, isBmp, MAX_PIXELS } from './decode-bmp.js';
import type { DecodedImage } from './decoded-image.js';
import { loadSharp, type SharpModule } from './load-sharp.js';

/** How the bytes of an image file become pixels. */
export interface DecodeOptions {
  /** 3: red, green, blue. 1: gray, 0.299 R + 0.587 G + 0.114 B (ITU-R 601, as Pillow and OpenCV). Default 3. */
  readonly channels?: 1 | 3;
  /** Turn and mirror as the file's EXIF orientation says, as viewers do; default `apply`. */
  readonly orientation?: 'apply' | 'ignore';
  /** Color behind transparent pixels, 0 to 255 each; default white. */
  readonly background?: readonly [number, number, number];
}

/**
 * Decodes a JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP to 8 bit sRGB: 16-bit, palette, gray and CMYK images are converted,
 * transparency is laid on the background, and of an animation the first picture counts. A JPEG whose data end within its last
 * row of blocks is read as browsers do; `imageState` tells.
 * @param name the file, for messages
 * @throws NatsError `malformed` if it is empty, truncated, too large, or no image
 */
export async function decodeImage(bytes: Uint8Array, name: string, options: DecodeOptions = {}): Promise<DecodedImage> {
  return (await decode(bytes, name, options)).image;
}

async function decode(
  bytes: Uint8Array,
  name: string,
  { channels = 3, orientation = 'apply', background = [255, 255, 255] }: DecodeOptions,
): Promise<{ image: DecodedImage; isCut: boolean }> {
  await sizeOf(bytes, name, orientation);
  const [r, g, b] = background;
  const sharp = await loadSharp();
  const pipeline = (source: Uint8Array) =>
    openSharp(sharp, source, name, { failOn: 'error', autoOrient: orientation === 'apply' })
      .flatten({ background: { r, g, b } })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  let isCut = false;
  const { data, info } = await pipeline(bytes).catch(async (cause: Error) => {
    const decoded = await withoutEnd(bytes, pipeline);
    if (!decoded) throw undecodable(name, cause);
    isCut = true;
    return decoded;
  });
  if (info.channels !== 3) {
    throw malformed(name, '', { rule: 'an image can be converted to sRGB', received: `${info.channels} channels` });
  }
  const { width, height } = info;
  const pixels = channels === 1 ? luma(data, width * height) : planes(data, width * height);
  return { image: { channels, height, width, pixels }, isCut };
}

/** sharp on an image; BMP, which it does not read, becomes raw pixels first. */
function openSharp(sharp: SharpModule, bytes: Uint8Array, name: string, options: SharpOptions): Sharp {
  if (!isBmp(bytes)) return sharp(bytes, { ...options, limitInputPixels: MAX_PIXELS });
  const { width, height, rgb } = decodeBmp(bytes, name);
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

/**
 * A JPEG that ends too early, if all that it lacks is within its last row of blocks: what is missing is gray there. A
 * progressive one lacks detail everywhere: it is taken if the last of its scans has begun. libvips's message does not decide:
 * threads share it.
 */
async function withoutEnd<T extends { data: Buffer; info: { width: number; channels: number } }>(
  bytes: Uint8Array,
  decode: (ended: Uint8Array) => Promise<T>,
): Promise<T | undefined> {
  if (!(bytes[0] === 0xff && bytes[1] === 0xd8)) return undefined;
  const ended = new Uint8Array(bytes.length + 2);
  ended.set(bytes);
  ended.set([0xff, 0xd9], bytes.length);
  const decoded = await decode(ended).catch(() => undefined);
  if (!decoded) return undefined;
  const frame = progressiveFrame(bytes);
  if (frame !== undefined) return hasLastScan(bytes, frame) ? decoded : undefined;
  const row = decoded.info.width * decoded.info.channels;
  const last = decoded.data.subarray(decoded.data.length - row);
  return last.some((value) => Math.abs(value - 128) > 1) ? decoded : undefined;
}

/** Where a JPEG's progressive frame header (SOF2) is, before its first scan; none for others. */
function progressiveFrame(bytes: Uint8Array): number | undefined {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker === 0xc2) return at;
    if (marker === 0xda) return undefined;
    at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
  return undefined;
}

/** Whether the last scan that begins is libjpeg's last: the last bit of the first component's higher frequencies. */
function hasLastScan(bytes: Uint8Array, frame: number): boolean {
  let at = bytes.length - 2;
  while (at > frame && !(bytes[at] === 0xff && bytes[at + 1] === 0xda)) at--;
  const [components, id, , first, , bits] = bytes.subarray(at + 4, at + 10);
  return components === 1 && id === bytes[frame + 10] && first! > 0 && (bits! & 15) === 0;
}

/** Reads and decodes a file. IO errors pass through. @throws NatsError `malformed` */
export async function readImage(path: string, options: DecodeOptions = {}): Promise<DecodedImage> {
  return decodeImage(await readBytes(path), path, options);
}

/** Width and height of an image file, from its header. IO errors pass through. @throws NatsError `malformed` */
export async function readImageSize(
  path: string,
  { orientation = 'apply' }: Pick<DecodeOptions, 'orientation'> = {},
): Promise<{ width: number; height: number }> {
  return sizeOf(await readBytes(path), path, orientation);
}

/** What a look at an image file tells. */
export interface ImageState {
  readonly width: number;
  readonly height: number;
  /** Its data end too early, and what is there is read. */
  readonly isCut: boolean;
}

/** Decodes a whole file and keeps nothing. IO errors pass through. @throws NatsError `malformed` */
export async function imageState(path: string, options: DecodeOptions = {}): Promise<ImageState> {
  const { image, isCut } = await decode(await readBytes(path), path, { ...options, channels: 1 });
  return { width: image.width, height: image.height, isCut };
}

/** As sharp calls them; `heif` is AVIF. It reads others, such as SVG, a small file of which may draw for minutes. */
const FORMATS: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']);

/** A GIF is decoded to red, green, blue and alpha first, whatever it holds: a few bytes may ask for all of it. */
const MAX_GIF_PIXELS = 40e6;

/** What sharp must not even look at. */
function refuseOther(bytes: Uint8Array, name: string): void {
  const start = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  if (/^(?:\xef\xbb\xbf)?\s*</.test(start)) throw otherFormat(name, 'XML, such as SVG or a web page');
  if (start.startsWith('\x1f\x8b')) throw otherFormat(name, 'gzip');
  if (start.startsWith('version https://git-lfs')) throw otherFormat(name, 'a Git LFS pointer: git lfs pull');
  const other = SIGNATURES.find(([at, beginnings]) => beginnings.some((text) => start.startsWith(text, at)))?.[2];
  if (other !== undefined) throw otherFormat(name, other);
  const head = bytes.subarray(0, 64);
  if (head.every((byte) => byte === 0)) throw otherFormat(name, 'zero bytes, as an interrupted copy leaves them');
  if (Buffer.from(bytes.subarray(128, 132)).toString('latin1') === 'DICM') throw otherFormat(name, 'DICOM');
  if (/^\s*[{[]/.test(start)) throw otherFormat(name, 'JSON');
  if (head.every((byte) => (byte >= 32 && byte < 127) || (byte >= 9 && byte <= 13)))
    throw otherFormat(name, 'text, such as the answer of a server');
}

/** How files begin, from a byte on, that lie among images, often with the extension of one. */
const SIGNATURES: readonly (readonly [at: number, beginnings: readonly string[], told: string])[] = [
  [0, ['\xff\x0a', '\0\0\0\x0cJXL '], 'JPEG XL'],
  [4, ['ftyphei', 'ftyphev'], 'HEIC'],
  [4, ['ftypmp4', 'ftypisom', 'ftypqt', 'ftypM4V', 'ftyp3gp', 'ftypavc1'], 'a video'],
  [0, ['\0\0\0\x0cjP ', '\xff\x4f\xff\x51'], 'JPEG 2000'],
  [0, ['%PDF'], 'PDF'],
  [0, ['8BPS'], 'a file of Photoshop'],
  [0, ['\x93NUMPY'], 'an array of NumPy'],
  [0, ['\x76\x2f\x31\x01'], 'OpenEXR'],
  [0, ['DDS '], 'DDS'],
  [0, ['PK\x03\x04'], 'a zip archive'],
  [0, ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7'].map((magic) => `${magic}\n`), 'PNM'],
];

function otherFormat(name: string, received: string) {
  return malformed(name, '', { rule: 'an image can be decoded: JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP', received });
}

async function sizeOf(
  bytes: Uint8Array,
  name: string,
  orientation: 'apply' | 'ignore',
): Promise<{ width: number; height: number }> {
  if (bytes.length === 0) throw malformed(name, '', { rule: 'an image file has bytes', received: 'an empty file' });
  if (isBmp(bytes)) return bmpSize(bytes, name);
  refuseOther(bytes, name);
  const sharp = await loadSharp();
  const { width, height, autoOrient, format } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((cause: Error) => {
      throw undecodable(name, cause);
    });
  if (!FORMATS.has(format)) throw otherFormat(name, format);
  checkPixels(width, height, name, format === 'gif' ? MAX_GIF_PIXELS : MAX_PIXELS);
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
  if ('load' in source) {
    const image = await loadPixels(record.id, source.load);
    checkSize(record, image);
    return withChannels(image, options.channels ?? 3);
  }
  const bytes = await readBytes(source.file);
  // Before decoding: a small file may say that it is a huge image.
  checkSize(record, await sizeOf(bytes, source.file, options.orientation ?? 'apply'));
  return withChannels(await decodeImage(bytes, source.file, options), options.channels ?? 3);
}

type SizedRecord = Pick<DatasetRecord, 'id' | 'source' | 'width' | 'height'>;

function checkSize(record: SizedRecord, size: { readonly width: number; readonly height: number }): void {
  const fault = sizeFault(record, size);
  if (fault) throw malformed(sourceName(record), 'size', fault);
}

/** What is wrong with the size of an image, if something is. */
export function sizeFault(
  { width, height }: Pick<SizedRecord, 'width' | 'height'>,
  image: { readonly width: number; readonly height: number },
): { rule: string; received: string; limit: string } | undefined {
  if (image.width === width && image.height === height) return undefined;
  const isTurned = image.width === height && image.height === width;
  return {
    rule: `an image has the size of its annotation, ${width} x ${height}`,
    received: `${image.width} x ${image.height} (width x height)`,
    limit: isTurned
      ? "sides are swapped: if boxes were drawn on the stored pixels, not on what viewers show by the EXIF orientation, set data.orientation 'ignore'"
      : 'the image was changed after it was annotated, or another one has its name',
  };
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

/** Gray as three equal channels, or colors as gray. */
function withChannels(image: DecodedImage, channels: 1 | 3): DecodedImage {
  if (image.channels === channels) return image;
  const area = image.width * image.height;
  const pixels = new Uint8Array(area * channels);
  if (channels === 3) for (let c = 0; c < 3; c++) pixels.set(image.pixels, c * area);
  else {
    const { pixels: p } = image;
    for (let i = 0; i < area; i++) pixels[i] = gray(p[i]!, p[area + i]!, p[2 * area + i]!);
  }
  return { ...image, channels, pixels };
}

/** ITU-R 601 in 16 bits, rounded; gray stays as it is. */
function gray(r: number, g: number, b: number): number {
  return (r * 19595 + g * 38470 + b * 7471 + 32768) >> 16;
}

function luma(interleaved: Uint8Array, area: number): Uint8Array {
  const pixels = new Uint8Array(area);
  for (let i = 0; i < area; i++)
    pixels[i] = gray(interleaved[3 * i]!, interleaved[3 * i + 1]!, interleaved[3 * i + 2]!);
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
