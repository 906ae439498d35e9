import { malformed } from '@nats/graph';
import { decode } from 'bmp-ts';

/** More pixels are refused before decoding: 100 megapixels take 600 MB while they are decoded. */
export const MAX_PIXELS = 64e6;

/** @throws NatsError `malformed` */
export function checkPixels(width: number, height: number, name: string, most = MAX_PIXELS): void {
  if (width * height <= most) return;
  throw malformed(name, 'size', {
    rule: `an image has at most ${most / 1e6} million pixels`,
    received: `${width} x ${height}`,
    limit: 'cut it into tiles, or scale it down',
  });
}

export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d && bytes.length >= 26;
}

/** Width and height in the header, BITMAPCOREHEADER or BITMAPINFOHEADER. @throws NatsError `malformed` */
export function bmpSize(bytes: Uint8Array, name: string): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isCore = view.getUint32(14, true) === 12;
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  // Negative: rows from the top.
  const height = Math.abs(isCore ? view.getUint16(20, true) : view.getInt32(22, true));
  if (width < 1 || height < 1) {
    throw malformed(name, 'size', { rule: 'a BMP has a width and a height', received: `${width} x ${height}` });
  }
  checkPixels(width, height, name);
  return { width, height };
}

/** Red, green and blue of each pixel. @throws NatsError `malformed` for a broken file */
export function decodeBmp(bytes: Uint8Array, name: string): { width: number; height: number; rgb: Uint8Array } {
  const { width, height } = bmpSize(bytes, name);
  let data: Uint8Array;
  try {
    ({ data } = decode(Buffer.from(bytes), { toRGBA: true }));
  } catch (cause) {
    throw malformed(name, '', { rule: 'a BMP can be decoded', received: (cause as Error).message });
  }
  if (data.length !== width * height * 4) {
    throw malformed(name, '', { rule: 'a BMP has its pixels', received: `${data.length / 4} of ${width} x ${height}` });
  }
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) rgb.set(data.subarray(i * 4, i * 4 + 3), i * 3);
  return { width, height, rgb };
}
