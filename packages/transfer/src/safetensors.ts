import { decodeElements, STORED_BYTES, type StoredDType } from './elements.js';
import { type JsonValue, parseJson } from './json.js';
import {
  atMost,
  bad,
  decodeText,
  isCount,
  openSource,
  type ParseOptions,
  quote,
  type Source,
  slice,
  uint64,
  unsupported,
  viewOf,
} from './source.js';
import { checkShape, materialize, type TensorPlan, type Weights } from './weights.js';

/** safetensors' names of element types; the format also has complex and packed types, which are refused. */
const SAFETENSORS_DTYPES: Readonly<Record<string, StoredDType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
};

/** The key of the header that holds strings about the file instead of a tensor. */
export const METADATA_KEY = '__metadata__';

interface Entry {
  readonly name: string;
  readonly stored: StoredDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file: 8 bytes of header length (little-endian), a JSON header
 * `{name: {dtype, shape, data_offsets: [begin, end]}}`, then the tensors' bytes, which the offsets must cover without
 * overlap or gap, as the format's description demands.
 * @throws NatsError `malformed` (truncated, overlapping, duplicate keys, above a cap), `unsupported` for a dtype that
 * is not read, `dtype` for an integer outside int32.
 */
export function parseSafetensors(bytes: Uint8Array, options: ParseOptions = {}): Weights {
  const source = openSource(bytes, options);
  const headerBytes = uint64(viewOf(slice(source, 'header length', 0, 8)), 0);
  if (headerBytes > source.limits.maxHeaderBytes) {
    const limit = atMost('maxHeaderBytes', source.limits);
    throw bad(source, 'header length', 'a header is small', `${headerBytes} bytes`, limit);
  }
  const text = decodeText(source, 'header', slice(source, 'header', 8, headerBytes));
  const header = parseJson(source, 'header', text);
  if (!(header instanceof Map)) throw bad(source, 'header', 'the header is a JSON object', quote(text, 20));

  const dataStart = 8 + headerBytes;
  const entries: Entry[] = [];
  let metadata: [string, string][] = [];
  for (const [name, value] of header) {
    if (name === METADATA_KEY) metadata = readMetadata(source, value);
    else entries.push(readEntry(source, name, value));
  }
  checkCoverage(source, entries, source.bytes.length - dataStart);
  const plans = entries.map(({ name, stored, shape, begin, end }): TensorPlan => {
    const data = slice(source, `data of ${quote(name)}`, dataStart + begin, end - begin);
    return { name, stored, shape, read: () => decodeElements(data, stored, data.length / STORED_BYTES[stored]) };
  });
  return materialize(source, 'safetensors', plans, metadata);
}

function readMetadata(source: Source, value: JsonValue): [string, string][] {
  if (!(value instanceof Map)) throw bad(source, METADATA_KEY, 'metadata is a JSON object of strings', typeof value);
  return [...value].map(([key, text]) => {
    if (typeof text === 'string') return [key, text];
    throw bad(source, METADATA_KEY, 'a metadata value is a string', `${typeof text} for ${quote(key)}`);
  });
}

function readEntry(source: Source, name: string, value: JsonValue): Entry {
  const where = `header of ${quote(name)}`;
  if (!(value instanceof Map)) throw bad(source, where, 'a tensor is described by a JSON object', typeof value);
  const dtype = value.get('dtype');
  const shape = value.get('shape');
  const offsets = value.get('data_offsets');
  if (typeof dtype !== 'string') throw bad(source, `${where}, dtype`, 'dtype is a string', typeof dtype);
  const stored = Object.hasOwn(SAFETENSORS_DTYPES, dtype) ? SAFETENSORS_DTYPES[dtype] : undefined;
  if (stored === undefined) {
    const known = Object.keys(SAFETENSORS_DTYPES).join(', ');
    throw unsupported(source, `${where}, dtype`, 'a tensor has a dtype that is read', quote(dtype), `one of ${known}`);
  }
  if (!Array.isArray(shape)) throw bad(source, `${where}, shape`, 'shape is an array', typeof shape);
  const bytes = checkShape(source, `${where}, shape`, shape) * STORED_BYTES[stored];
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!isCount(begin) || !isCount(end) || begin > end) {
    throw bad(source, `${where}, data_offsets`, 'data_offsets are [begin, end]', quote(String(offsets)));
  }
  if (end - begin !== bytes) {
    const received = `${end - begin} bytes for ${dtype} [${shape.join(', ')}]`;
    throw bad(source, `${where}, data_offsets`, 'a tensor has as many bytes as its shape says', received, `${bytes}`);
  }
  return { name, stored, shape: shape as number[], begin, end };
}

/** The offsets cover the data exactly: no overlap, no gap, nothing after the last. */
function checkCoverage(source: Source, entries: readonly Entry[], dataBytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const problem = begin < covered ? 'overlaps the tensor before it' : 'leaves a gap before it';
      const received = `${quote(name)} at ${begin}, which ${problem}`;
      throw bad(
        source,
        `data_offsets of ${quote(name)}`,
        'tensors follow each other without gaps',
        received,
        `${covered}`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    const what = covered > dataBytes ? 'the file is truncated' : 'bytes belong to no tensor';
    throw bad(source, 'data', 'the tensors fill the file', `${dataBytes} bytes of data (${what})`, `${covered}`);
  }
}
