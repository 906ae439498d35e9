import { STORED_BYTES, type StoredDType } from '../elements.js';
import { numpyDType } from '../numpy-dtype.js';
import { describe, isKind, itemsOf, type NumpyArray, type PickleValue, textOf } from '../pickle/values.js';
import { bad, type Source, unsupported } from '../source.js';
import { checkShape } from '../weights.js';
import type { Constructor, Making } from './host.js';

const CORES = ['numpy.core', 'numpy._core'];

/** numpy's pickled arrays, as in detectron2's `.pkl` files. Nothing of numpy runs: shape, type and bytes are taken. */
export const NUMPY_CONSTRUCTORS: readonly (readonly [string, Constructor])[] = [
  ['numpy.ndarray', () => ({ kind: 'numpy-array', content: undefined })],
  ['numpy.dtype', makeDType],
  // Protocol 2 has no bytes: Python 3 writes them as latin-1 text and this call.
  ['_codecs.encode', encode],
  ...CORES.flatMap((core): (readonly [string, Constructor])[] => [
    [`${core}.multiarray._reconstruct`, () => ({ kind: 'numpy-array', content: undefined })],
    [`${core}.numeric._frombuffer`, fromBuffer],
  ]),
];

function makeDType({ source, field }: Making, args: readonly PickleValue[]): PickleValue {
  const code = textOf(args[0]);
  if (code === undefined) throw bad(source, field, 'a numpy dtype has a code', describe(args[0]));
  // The code may carry an order; the dtype's state says it anyhow.
  const order = /^[<>=|]/.exec(code)?.[0] ?? '=';
  return { kind: 'numpy-dtype', code: code.replace(/^[<>=|]/, ''), order };
}

function encode({ source, field, spend }: Making, args: readonly PickleValue[]): Uint8Array {
  const [text, encoding] = args;
  if (typeof text !== 'string' || textOf(encoding) !== 'latin1') {
    throw bad(source, field, 'bytes are encoded from latin-1 text', `${describe(text)}, ${describe(encoding)}`);
  }
  spend(text.length);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw bad(source, field, 'latin-1 text has code points below 256', `${code}`);
    bytes[i] = code;
  }
  return bytes;
}

/** `_frombuffer(buffer, dtype, shape, order)`, with the buffer inside the pickle (protocol 5). */
function fromBuffer({ source, field }: Making, args: readonly PickleValue[]): NumpyArray {
  const [data, dtype, shape, order] = args;
  return arrayOf(source, shape, dtype, textOf(order) === 'F', data, field);
}

/** Sets the state of a numpy dtype or array. @returns false for other objects. */
export function buildNumpy(source: Source, object: PickleValue, state: PickleValue, field: string): boolean {
  const items = itemsOf(state);
  if (isKind(object, 'numpy-dtype')) {
    // (version, byte order, subdescriptor, names, fields, itemsize, alignment, flags)
    object.order = textOf(items?.[1]) ?? object.order;
    return true;
  }
  if (!isKind(object, 'numpy-array')) return false;
  if (items === undefined || items.length < 5) {
    throw bad(source, field, 'the state of a numpy array has 5 items', describe(state));
  }
  if (object.content !== undefined) throw bad(source, field, 'a numpy array gets its state once', 'a second state');
  const [, shape, dtype, fortran, data] = items;
  object.content = arrayOf(source, shape, dtype, fortran === true || fortran === 1, data, field).content;
  return true;
}

function arrayOf(
  source: Source,
  rawShape: PickleValue | undefined,
  dtype: PickleValue | undefined,
  fortranOrder: boolean,
  data: PickleValue | undefined,
  field: string,
): NumpyArray {
  const shape = itemsOf(rawShape);
  if (shape === undefined || !isKind(dtype, 'numpy-dtype') || !(data instanceof Uint8Array)) {
    const received = `${describe(rawShape)}, ${describe(dtype)}, ${describe(data)}`;
    throw unsupported(source, field, 'a numpy array has a shape, a dtype and bytes', received, 'no object arrays');
  }
  const stored: StoredDType = numpyDType(source, field, dtype.order + dtype.code);
  const bytes = checkShape(source, field, shape) * STORED_BYTES[stored];
  if (bytes !== data.length) {
    throw bad(source, field, 'a numpy array has as many bytes as its shape says', `${data.length}`, `${bytes}`);
  }
  return { kind: 'numpy-array', content: { stored, shape: shape as number[], fortranOrder, data } };
}
