import type { NumericArray } from '@nats/graph';
import { decodeElements, STORED_BYTES, type StoredDType } from '../elements.js';
import { bad, quote, type Source, unsupported } from '../source.js';
import { checkShape, type TensorPlan } from '../weights.js';
import { bytesOf, eachScalar, textOf, varintOf, type WireField, walkMessage } from './wire.js';

/** onnx.TensorProto.DataType of the types that are read. */
const DATA_TYPES: ReadonlyMap<number, StoredDType> = new Map([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
  [16, 'bfloat16'],
]);

/** Field numbers of onnx.TensorProto. */
const DIMS = 1;
const DATA_TYPE = 2;
const SEGMENT = 3;
const FLOAT_DATA = 4;
const INT32_DATA = 5;
const INT64_DATA = 7;
const NAME = 8;
const RAW_DATA = 9;
const DOUBLE_DATA = 10;
const UINT64_DATA = 11;
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;

/** Which typed field holds the values of a type when `raw_data` does not (onnx.proto). */
function typedField(stored: StoredDType): { number: number; kind: 'varint' | 'float' | 'double' } {
  if (stored === 'float32') return { number: FLOAT_DATA, kind: 'float' };
  if (stored === 'float64') return { number: DOUBLE_DATA, kind: 'double' };
  if (stored === 'int64') return { number: INT64_DATA, kind: 'varint' };
  if (stored === 'uint64' || stored === 'uint32') return { number: UINT64_DATA, kind: 'varint' };
  return { number: INT32_DATA, kind: 'varint' };
}

/** Where the values of a tensor lie outside the model's file. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  /** The rest of the file when absent. */
  readonly length: number | undefined;
}

/** What a TensorProto says, its values still in the file. */
export interface OnnxTensor {
  readonly name: string;
  readonly stored: StoredDType;
  readonly shape: readonly number[];
  readonly size: number;
  readonly start: number;
  readonly end: number;
  readonly raw: Uint8Array | undefined;
  readonly external: ExternalData | undefined;
}

/** Reads the description of a TensorProto. */
export function readOnnxTensor(source: Source, wire: WireField): OnnxTensor {
  bytesOf(source, 'initializer', wire);
  let name = '';
  walkMessage(source, 'initializer', wire.start, wire.end, (field) => {
    if (field.number === NAME) name = textOf(source, 'initializer name', field);
  });
  const where = `initializer ${quote(name)}`;
  const shape: number[] = [];
  let dataType = 0;
  let raw: Uint8Array | undefined;
  let isExternal = false;
  const external = new Map<string, string>();
  walkMessage(source, where, wire.start, wire.end, (field) => {
    switch (field.number) {
      case DIMS:
        eachScalar(source, `${where}, dims`, field, 'varint', (low, high) => {
          if (shape.length > source.limits.maxRank) return;
          shape.push(high * 2 ** 32 + (low >>> 0));
        });
        break;
      case DATA_TYPE:
        dataType = varintOf(source, `${where}, data_type`, field);
        break;
      case SEGMENT:
        throw unsupported(source, where, 'a tensor is in one piece', 'a segment', 'save the model again');
      case RAW_DATA:
        if (raw !== undefined) throw bad(source, `${where}, raw_data`, 'a tensor has its data once', 'twice');
        raw = bytesOf(source, `${where}, raw_data`, field);
        break;
      case DATA_LOCATION:
        isExternal = varintOf(source, `${where}, data_location`, field) === 1;
        break;
      case EXTERNAL_DATA:
        readEntry(source, `${where}, external_data`, field, external);
        break;
    }
  });
  const stored = DATA_TYPES.get(dataType);
  if (stored === undefined) {
    const limit = `one of ${[...DATA_TYPES.values()].join(', ')}`;
    throw unsupported(source, where, 'an initializer has a type that is read', `data type ${dataType}`, limit);
  }
  const size = checkShape(source, `${where}, dims`, shape);
  return {
    name,
    stored,
    shape,
    size,
    start: wire.start,
    end: wire.end,
    raw,
    external: isExternal ? externalOf(source, where, external) : undefined,
  };
}

function readEntry(source: Source, field: string, wire: WireField, entries: Map<string, string>): void {
  const { key, value } = readStringEntry(source, field, wire);
  if (entries.size >= 16) throw bad(source, field, 'external data has few entries', 'more', 'at most 16');
  if (entries.has(key)) throw bad(source, field, 'a key occurs once', `${quote(key)} twice`);
  entries.set(key, value);
}

/** onnx.StringStringEntryProto. */
export function readStringEntry(source: Source, field: string, wire: WireField): { key: string; value: string } {
  bytesOf(source, field, wire);
  const entry = { key: '', value: '' };
  walkMessage(source, field, wire.start, wire.end, (inner) => {
    if (inner.number === 1) entry.key = textOf(source, field, inner);
    if (inner.number === 2) entry.value = textOf(source, field, inner);
  });
  return entry;
}

function externalOf(source: Source, where: string, entries: ReadonlyMap<string, string>): ExternalData {
  const count = (key: string) => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text)) throw bad(source, `${where}, ${key}`, 'a byte count is a number', quote(text));
    return Number(text);
  };
  const location = entries.get('location');
  if (location === undefined) throw bad(source, where, 'external data has a location', 'none');
  return { location, offset: count('offset') ?? 0, length: count('length') };
}

/** Plans an initializer: checks that its data is as long as its shape says, wherever it lies. */
export function planOnnxTensor(
  source: Source,
  tensor: OnnxTensor,
  externalData: ReadonlyMap<string, Uint8Array>,
): TensorPlan {
  const { name, stored, shape, size } = tensor;
  const data = tensor.external === undefined ? tensor.raw : externalBytes(source, tensor, externalData);
  if (data !== undefined) {
    const bytes = size * STORED_BYTES[stored];
    if (data.length !== bytes) {
      const received = `${data.length} bytes for ${stored} [${shape.join(', ')}]`;
      const where = `initializer ${quote(name)}, data`;
      throw bad(source, where, 'a tensor has as many bytes as its shape says', received, `${bytes}`);
    }
    return { name, stored, shape, read: () => decodeElements(data, stored, size) };
  }
  checkTypedCount(source, tensor);
  return { name, stored, shape, read: () => decodeTyped(source, tensor) };
}

function externalBytes(source: Source, tensor: OnnxTensor, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const { location, offset, length } = tensor.external!;
  const where = `initializer ${quote(tensor.name)}, external_data`;
  const file = files.get(location);
  if (file === undefined) {
    const limit = 'read the model by its path, or pass the file in options.externalData';
    throw unsupported(source, where, 'the data of a tensor is at hand', `data in ${quote(location)}`, limit);
  }
  const end = offset + (length ?? file.length - offset);
  if (!(offset <= end && end <= file.length)) {
    throw bad(source, where, 'external data lies inside its file', `bytes ${offset} to ${end}`, `${file.length} bytes`);
  }
  return file.subarray(offset, end);
}

function checkTypedCount(source: Source, tensor: OnnxTensor): void {
  const where = `initializer ${quote(tensor.name)}, data`;
  const { number, kind } = typedField(tensor.stored);
  let count = 0;
  walkMessage(source, where, tensor.start, tensor.end, (field) => {
    if (field.number !== number) return;
    // Fixed widths are counted without a walk; varints must be walked.
    if (kind !== 'varint') count += (field.end - field.start) / (kind === 'float' ? 4 : 8);
    else eachScalar(source, where, field, kind, () => count++);
  });
  if (count !== tensor.size) {
    const received = `${count} for [${tensor.shape.join(', ')}]`;
    throw bad(source, where, 'a tensor has as many values as its shape says', received, `${tensor.size}`);
  }
}

/** Values in a typed field, through their bytes in the stored type, so that both layouts decode alike. */
function decodeTyped(source: Source, tensor: OnnxTensor): NumericArray | { problem: { index: number; value: string } } {
  const where = `initializer ${quote(tensor.name)}, data`;
  const { number, kind } = typedField(tensor.stored);
  const width = STORED_BYTES[tensor.stored];
  const bytes = new Uint8Array(tensor.size * width);
  const view = new DataView(bytes.buffer);
  let at = 0;
  walkMessage(source, where, tensor.start, tensor.end, (field) => {
    if (field.number !== number) return;
    eachScalar(source, where, field, kind, (value, high) => {
      if (kind === 'float') view.setFloat32(at, value, true);
      else if (kind === 'double') view.setFloat64(at, value, true);
      else if (width === 8) {
        view.setInt32(at, value, true);
        view.setInt32(at + 4, high, true);
      } else if (width === 4) view.setInt32(at, value, true);
      else if (width === 2) view.setUint16(at, value & 0xffff, true);
      else view.setUint8(at, value & 0xff);
      at += width;
    });
  });
  return decodeElements(bytes, tensor.stored, tensor.size);
}
