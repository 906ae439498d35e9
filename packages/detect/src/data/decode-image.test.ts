import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { noiseImage } from '../../test/images.js';
import { decodeImage, loadRecordImage, readImage, readImageSize } from './decode-image.js';
import { encodePng } from './write-coco.js';

/** Two pixels, red and blue, one above the other. */
const redBlue = () => sharp(Uint8Array.of(200, 20, 10, 0, 30, 250), { raw: { width: 1, height: 2, channels: 3 } });
const solid = (color: string) => sharp({ create: { width: 16, height: 16, channels: 3, background: color } });

describe('decoding', () => {
  test('gives planes of red, green, blue; gray by ITU-R 601', async () => {
    const png = await redBlue().png().toBuffer();
    expect(await decodeImage(png, 'a.png')).toEqual({
      channels: 3,
      height: 2,
      width: 1,
      pixels: Uint8Array.of(200, 0, 20, 30, 10, 250),
    });
    const gray = await decodeImage(png, 'a.png', { channels: 1 });
    expect([...gray.pixels]).toEqual([73, 46]);
  });

  test('of what encodePng writes gives the same pixels', async () => {
    const image = noiseImage(3, 5, 7);
    expect(await decodeImage(await encodePng(image), 'a.png')).toEqual(image);
    const gray = noiseImage(1, 5, 7);
    expect(await decodeImage(await encodePng(gray), 'a.png', { channels: 1 })).toEqual(gray);
  });

  test('of a gray image gives three equal channels, or itself', async () => {
    const png = await sharp(Uint8Array.of(5, 250), { raw: { width: 2, height: 1, channels: 1 } })
      .png()
      .toBuffer();
    expect([...(await decodeImage(png, 'g.png')).pixels]).toEqual([5, 250, 5, 250, 5, 250]);
    expect([...(await decodeImage(png, 'g.png', { channels: 1 })).pixels]).toEqual([5, 250]);
  });

  test('of 16 bits takes the upper 8', async () => {
    const values = Uint16Array.of(0, 0x1234, 0xffff, 0x8000, 0xfe00, 0x0100);
    const rgb = await sharp(values, { raw: { width: 2, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(rgb).metadata()).depth).toBe('ushort');
    expect([...(await decodeImage(rgb, 'x.png')).pixels]).toEqual([0, 0x80, 0x12, 0xfe, 0xff, 0x01]);
    const grays = Uint16Array.of(0x4567, 0xffff);
    const gray = await sharp(grays, { raw: { width: 2, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(gray).metadata()).depth).toBe('ushort');
    expect([...(await decodeImage(gray, 'x.png', { channels: 1 })).pixels]).toEqual([0x45, 0xff]);
  });

  test('of CMYK gives about the color that was printed', async () => {
    const jpeg = await solid('rgb(190, 60, 40)').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe('cmyk');
    const { channels, pixels } = await decodeImage(jpeg, 'c.jpg');
    expect(channels).toBe(3);
    for (const [c, value] of [190, 60, 40].entries()) expect(Math.abs(pixels[c * 256]! - value)).toBeLessThan(40);
  });

  test('lays transparency on white, or on the background that is asked for', async () => {
    const png = await sharp(Uint8Array.of(0, 0, 0, 0, 10, 20, 30, 255), { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    expect([...(await decodeImage(png, 't.png')).pixels]).toEqual([255, 10, 255, 20, 255, 30]);
    const onBlue = await decodeImage(png, 't.png', { background: [0, 0, 255] });
    expect([...onBlue.pixels]).toEqual([0, 10, 0, 20, 255, 30]);
  });

  test('applies the EXIF orientation, unless told not to', async () => {
    // 6: to be turned by 90 degrees clockwise. The upper pixel comes to the right.
    const png = await redBlue().withMetadata({ orientation: 6 }).png().toBuffer();
    const turned = await decodeImage(png, 'e.png');
    expect([turned.height, turned.width, ...turned.pixels.subarray(0, 2)]).toEqual([1, 2, 0, 200]);
    const asStored = await decodeImage(png, 'e.png', { orientation: 'ignore' });
    expect([asStored.height, asStored.width, ...asStored.pixels.subarray(0, 2)]).toEqual([2, 1, 200, 0]);
    const directory = await temporaryDirectory({ 'e.png': png });
    expect(await readImageSize(join(directory, 'e.png'))).toEqual({ width: 2, height: 1 });
    expect(await readImageSize(join(directory, 'e.png'), { orientation: 'ignore' })).toEqual({ width: 1, height: 2 });
  });

  test('refuses broken files by name', async () => {
    const noise = noiseImage(3, 64, 64);
    const png = await encodePng(noise);
    const jpeg = await sharp(png).jpeg().toBuffer();
    const refused = async (bytes: Uint8Array, rule: RegExp) => {
      await expect(decodeImage(bytes, 'photo.x')).rejects.toMatchObject({ code: 'malformed' });
      await expect(decodeImage(bytes, 'photo.x')).rejects.toThrow(rule);
    };
    await refused(jpeg.subarray(0, jpeg.length >> 1), /photo\.x.*premature end.*can be decoded/);
    await refused(jpeg.subarray(0, 100), /photo\.x/);
    await refused(png.subarray(0, png.length >> 1), /photo\.x/);
    await refused(Uint8Array.of(), /photo\.x.*received an empty file.*has bytes/);
    await refused(new TextEncoder().encode('no image at all'), /photo\.x.*can be decoded/);
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    await refused(Buffer.from(svg), /photo\.x: received XML, such as SVG.*JPEG, PNG/);
    await refused(Buffer.from(`\ufeff\n<?xml version="1.0"?>${svg}`), /received XML/);
    await refused(gzipSync(svg), /received gzip/);
    await refused(Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /git lfs pull/);
    // 48 bytes that ask for 31532 x 1661 pixels.
    const gif = Buffer.from('R0lGODlhBgAEAIAAAExpcVpaWiH5BAUAAAAALCx7fQAAAAAGAAQAAAIEjI+pVwA7', 'base64');
    await refused(gif, /31532 x 1661.*at most 40 million pixels/);
    // A header of 0 x 64 pixels.
    await refused(withWidth(png, 0), /photo\.x/);
  });

  test('lets IO errors pass', async () => {
    const missing = join(await temporaryDirectory(), 'missing.jpg');
    await expect(readImage(missing)).rejects.toMatchObject({ code: 'ENOENT', path: missing });
    await expect(readImageSize(missing)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/** A PNG file whose header says another width (with a wrong checksum: decoders look at the size first). */
function withWidth(png: Uint8Array, width: number): Uint8Array {
  const changed = Uint8Array.from(png);
  new DataView(changed.buffer).setUint32(16, width);
  return changed;
}

describe('images of records', () => {
  test('must have the annotated size', async () => {
    const directory = await temporaryDirectory({ 'a.png': await encodePng(noiseImage(3, 4, 6)) });
    const record = { id: '7', source: { file: join(directory, 'a.png') }, width: 4, height: 6 };
    await expect(loadRecordImage(record)).rejects.toThrow(/a\.png.*received 6 x 4.*4 x 6.*EXIF.*data\.orientation/);
    expect((await loadRecordImage({ ...record, width: 6, height: 4 })).width).toBe(6);
  });

  test('may come from a function, and get the channels that are asked for', async () => {
    const record = { id: '7', source: { load: () => noiseImage(1, 2, 2) }, width: 2, height: 2 };
    const { pixels } = noiseImage(1, 2, 2);
    expect((await loadRecordImage(record)).pixels).toEqual(Uint8Array.of(...pixels, ...pixels, ...pixels));
    expect((await loadRecordImage(record, { channels: 1 })).pixels).toEqual(pixels);
    const colors = {
      ...record,
      source: { load: () => ({ ...noiseImage(3, 1, 1), pixels: Uint8Array.of(255, 0, 0) }) },
    };
    expect([...(await loadRecordImage({ ...colors, width: 1, height: 1 }, { channels: 1 })).pixels]).toEqual([76]);
  });
});
