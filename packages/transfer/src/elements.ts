import type { DType, NumericArray } from '@nats/graph';

/** Element types as files store them. */
export type StoredDType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float8_e4m3fn'
  | 'float8_e5m2'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool';

/** Bytes of one stored element. */
export const STORED_BYTES: Readonly<Record<StoredDType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

/** The dtype in memory: all floats become float32; integers other than uint8 become int32. */
export function decodedDType(stored: StoredDType): DType {
  if (stored === 'bool' || stored === 'uint8') return stored;
  return stored.startsWith('float') || stored === 'bfloat16' ? 'float32' : 'int32';
}

/** A value that the dtype in memory cannot hold. */
export interface ElementProblem {
  readonly index: number;
  readonly value: string;
}

const littleEndianHost = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Decodes `count` little-endian elements into fresh memory (never a view of the file, so tensors do not alias).
 * @returns the values, or the first element that does not fit: an integer outside int32, or a float64 whose magnitude
 * float32 does not reach. NaN and infinities are kept.
 */
export function decodeElements(
  bytes: Uint8Array,
  stored: StoredDType,
  count: number,
): NumericArray | { problem: ElementProblem } {
  if (!littleEndianHost) throw new Error('weight files are little-endian, and so must the host be');
  switch (stored) {
    case 'float32':
      return new Float32Array(copyOf(bytes, count * 4));
    case 'float64':
      return fromFloat64(new Float64Array(copyOf(bytes, count * 8)));
    case 'float16':
      return fromFloat16(new Uint16Array(copyOf(bytes, count * 2)));
    case 'bfloat16':
      return fromBfloat16(new Uint16Array(copyOf(bytes, count * 2)));
    case 'float8_e4m3fn':
      return Float32Array.from(bytes.subarray(0, count), float8E4m3);
    case 'float8_e5m2':
      // The upper half of a binary16.
      return Float32Array.from(bytes.subarray(0, count), (bits) => float16(bits << 8));
    case 'int32':
      return new Int32Array(copyOf(bytes, count * 4));
    case 'int16':
      return Int32Array.from(new Int16Array(copyOf(bytes, count * 2)));
    case 'uint16':
      return Int32Array.from(new Uint16Array(copyOf(bytes, count * 2)));
    case 'int8':
      return Int32Array.from(new Int8Array(copyOf(bytes, count)));
    case 'uint8':
      return new Uint8Array(copyOf(bytes, count));
    case 'bool':
      return new Uint8Array(copyOf(bytes, count)).map((byte) => (byte === 0 ? 0 : 1));
    case 'uint32':
      return fromUint32(new Uint32Array(copyOf(bytes, count * 4)));
    case 'int64':
    case 'uint64':
      return from64(new Int32Array(copyOf(bytes, count * 8)), stored === 'int64');
  }
}

/** Copying also aligns: a view of a file may start at any byte. */
function copyOf(bytes: Uint8Array, length: number): ArrayBuffer {
  const buffer = new ArrayBuffer(length);
  new Uint8Array(buffer).set(bytes.length === length ? bytes : bytes.subarray(0, length));
  return buffer;
}

function fromFloat64(values: Float64Array): Float32Array | { problem: ElementProblem } {
  const out = new Float32Array(values);
  for (let i = 0; i < out.length; i++) {
    const value = out[i]!;
    if (!Number.isFinite(value) && Number.isFinite(values[i]!)) {
      return { problem: { index: i, value: String(values[i]) } };
    }
  }
  return out;
}

let float16Table: Float32Array | undefined;

function fromFloat16(values: Uint16Array): Float32Array {
  float16Table ??= Float32Array.from({ length: 65536 }, (_, bits) => float16(bits));
  const table = float16Table;
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = table[values[i]!]!;
  return out;
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** 1 sign bit, 4 exponent bits (bias 7), 3 fraction bits; no infinities (OCP 8-bit floating point, E4M3; `fn` of PyTorch). */
function float8E4m3(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 0xf;
  const fraction = bits & 7;
  if (exponent === 15 && fraction === 7) return Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (1 + fraction / 8) * 2 ** (exponent - 7);
}

/** bfloat16 is the upper half of a float32. */
function fromBfloat16(values: Uint16Array): Float32Array {
  const out = new Uint32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i]! << 16;
  return new Float32Array(out.buffer);
}

function fromUint32(values: Uint32Array): Int32Array | { problem: ElementProblem } {
  const out = new Int32Array(values.buffer);
  for (let i = 0; i < out.length; i++) {
    if (out[i]! < 0) return { problem: { index: i, value: String(values[i]) } };
  }
  return out;
}

function from64(words: Int32Array, signed: boolean): Int32Array | { problem: ElementProblem } {
  const out = new Int32Array(words.length / 2);
  for (let i = 0; i < out.length; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    if (high !== (low < 0 ? -1 : 0) || (!signed && low < 0)) {
      const raw = new BigUint64Array(words.buffer, i * 8, 1)[0]!;
      return { problem: { index: i, value: String(signed ? BigInt.asIntN(64, raw) : raw) } };
    }
    out[i] = low;
  }
  return out;
}
