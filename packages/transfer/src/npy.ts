import { STORED_BYTES } from './elements.js';
import { numpyDType } from './numpy-dtype.js';
import type { NumpyContent } from './pickle/values.js';
import { planArray } from './pytorch/plans.js';
import { atMost, bad, decodeText, openSource, type ParseOptions, quote, type Source, slice, viewOf } from './source.js';
import { checkShape, materialize, type Weights } from './weights.js';
import { readZip, type Zip } from './zip.js';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** True for the start of a npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/**
 * Reads a npy file (numpy's format versions 1 to 3) as one tensor, named after the file without folder and `.npy`.
 * @throws NatsError `malformed`, `unsupported` (big-endian, complex, object and structured types), `dtype`.
 */
export function parseNpy(bytes: Uint8Array, options: ParseOptions = {}): Weights {
  const source = openSource(bytes, options);
  const name = source.file.replace(/^.*[/\\]/, '').replace(/\.npy$/, '');
  return materialize(source, 'npy', [planArray(name, readArray(source, source))], []);
}

/** Reads a npz file: a zip archive of npy files, each a tensor named after its entry without `.npy`. */
export function parseNpz(bytes: Uint8Array, options: ParseOptions = {}): Weights {
  const source = openSource(bytes, options);
  return readNpz(source, readZip(source));
}

function readNpz(source: Source, zip: Zip): Weights {
  const plans = [...zip.entries.keys()]
    .filter((name) => name.endsWith('.npy'))
    .map((name) => {
      const inner: Source = { ...source, file: `${source.file}, ${name}`, bytes: zip.content(name) };
      return planArray(name.slice(0, -4), readArray(source, inner));
    });
  return materialize(source, 'npz', plans, []);
}

/** Longest header that is looked at: 16 dimensions take a fraction of it. */
const MAX_HEADER_TEXT = 4096;

/** No part of it can match the same text in two ways, so it takes time linear in the header. */
const HEADER =
  /^\{\s*'descr':\s*'([^'\\]+)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\dL,\s]*)\),?\s*\}\s*$/;
/** A dimension as Python 2 (`3L`) and Python 3 write it. */
const DIMENSION = /^\d+L?$/;

function readArray(outer: Source, source: Source): NumpyContent {
  const start = viewOf(slice(source, 'magic', 0, 12));
  if (!isNpy(source.bytes)) throw bad(source, 'magic', 'a npy file begins with \\x93NUMPY', 'other bytes');
  const version = start.getUint8(6);
  if (version < 1 || version > 3) throw bad(source, 'version', 'the npy version is 1, 2 or 3', `${version}`);
  const [headerStart, headerBytes] = version === 1 ? [10, start.getUint16(8, true)] : [12, start.getUint32(8, true)];
  if (headerBytes > source.limits.maxHeaderBytes) {
    throw bad(source, 'header', 'a header is small', `${headerBytes} bytes`, atMost('maxHeaderBytes', source.limits));
  }
  const header = decodeText(source, 'header', slice(source, 'header', headerStart, headerBytes));
  const [, descr, fortran, tuple] = HEADER.exec(header.slice(0, MAX_HEADER_TEXT)) ?? [];
  const dimensions = tuple === undefined ? undefined : itemsOf(tuple);
  if (descr === undefined || dimensions === undefined) {
    const rule = 'a npy header names descr, fortran_order and shape of a plain array';
    throw bad(source, 'header', rule, quote(header.trim()));
  }
  const stored = numpyDType(source, 'header, descr', descr);
  const shape = dimensions.map((dimension) => Number.parseInt(dimension, 10));
  const bytes = checkShape(outer, 'header, shape', shape) * STORED_BYTES[stored];
  const dataStart = headerStart + headerBytes;
  if (source.bytes.length - dataStart !== bytes) {
    const received = `${source.bytes.length - dataStart} bytes for ${descr} [${shape.join(', ')}]`;
    throw bad(source, 'data', 'an array has as many bytes as its shape says', received, `${bytes}`);
  }
  return { stored, shape, fortranOrder: fortran === 'True', data: slice(source, 'data', dataStart, bytes) };
}

/** Items of a Python tuple of integers, `2, 3` or `2,` or nothing. @returns undefined for anything else */
function itemsOf(tuple: string): string[] | undefined {
  const items = tuple.split(',').map((item) => item.trim());
  if (items.at(-1) === '') items.pop();
  return items.every((item) => DIMENSION.test(item)) ? items : undefined;
}
