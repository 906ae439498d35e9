import type { StoredDType } from './elements.js';
import { quote, type Source, unsupported } from './source.js';

const CODES: Readonly<Record<string, StoredDType>> = {
  f8: 'float64',
  f4: 'float32',
  f2: 'float16',
  i8: 'int64',
  i4: 'int32',
  i2: 'int16',
  i1: 'int8',
  u8: 'uint64',
  u4: 'uint32',
  u2: 'uint16',
  u1: 'uint8',
  b1: 'bool',
};

/**
 * The element type of a numpy type string: byte order and code, as in `<f4`.
 * @throws NatsError `unsupported` for big-endian, complex, text, object and structured types.
 */
export function numpyDType(source: Source, field: string, descr: string): StoredDType {
  const order = descr[0] ?? '';
  const code = descr.slice(1);
  const stored = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  if (!'<=|'.includes(order) || order === '' || stored === undefined) {
    if (code === 'O') {
      const rule = 'a numpy array has a dtype that is read';
      throw unsupported(
        source,
        field,
        rule,
        'Python objects (a dict, saved by np.save)',
        'save it with np.savez(file, **dict)',
      );
    }
    const limit = `little-endian ${Object.keys(CODES).join(', ')}`;
    throw unsupported(source, field, 'a numpy array has a dtype that is read', quote(descr), limit);
  }
  return stored;
}
