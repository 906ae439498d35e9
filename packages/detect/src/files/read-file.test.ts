import { expect, test } from 'vitest';
import { decodeText, linesIn } from './read-file.js';

const utf16 = (text: string, isBig: boolean) => {
  const bytes = Buffer.from(text, 'utf16le');
  return isBig ? bytes.swap16() : bytes;
};

test.each([
  ['UTF-8', Buffer.from('größe')],
  ['UTF-8 with a mark', Buffer.from('\ufeffgröße')],
  ['UTF-16', utf16('größe', false)],
  ['UTF-16 with a mark', utf16('\ufeffgröße', false)],
  ['big-endian UTF-16', utf16('größe', true)],
  ['big-endian UTF-16 with a mark', utf16('\ufeffgröße', true)],
])('%s', (_, bytes) => {
  expect(decodeText(bytes, 'x.txt')).toBe('größe');
});

test('a declared encoding is taken, and bytes that are not of it are refused', () => {
  const latin = Buffer.from('größe', 'latin1');
  expect(decodeText(latin, 'x.xml', 'iso-8859-1')).toBe('größe');
  expect(() => decodeText(latin, 'x.xml')).toThrow(/x\.xml: received bytes that are not utf-8.*save it as UTF-8/);
  expect(() => decodeText(latin, 'x.xml', 'klingon')).toThrow(/WHATWG/);
});

test('lines end as on Unix, Windows and old Macs', () => {
  expect(linesIn('a\nb\r\nc\rd')).toEqual(['a', 'b', 'c', 'd']);
});
