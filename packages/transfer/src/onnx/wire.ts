import { atMost, bad, decodeText, type Source, slice, viewOf } from '../source.js';

/**
 * A field of a protobuf message: its number, and its value as a varint (wire type 0), fixed bits (1 and 5) or a
 * length-delimited range (2).
 */
export interface WireField {
  readonly number: number;
  readonly type: number;
  /** Where the value begins in the source, and where the field ends. */
  readonly start: number;
  readonly end: number;
}

/**
 * Walks the fields of a message without building anything from those that the visitor passes over, so a file cannot
 * make this reader allocate more than it asks for. (A schema-driven decoder makes an object of a hundred bytes from an
 * empty node of two.)
 * @throws NatsError `malformed` for fields that leave the message, unknown wire types, or groups, which ONNX has none of.
 */
export function walkMessage(
  source: Source,
  field: string,
  start: number,
  end: number,
  visit: (wire: WireField) => void,
): void {
  for (let at = start; at < end; ) {
    const tag = readVarint(source, field, at, end);
    const number = Math.floor(tag.value / 8);
    const type = tag.value % 8;
    const wire = readField(source, field, number, type, tag.next, end);
    if (number === 0) throw bad(source, field, 'a protobuf field has a number', `field 0 at byte ${at}`);
    visit(wire);
    at = wire.end;
  }
}

function readField(source: Source, field: string, number: number, type: number, at: number, end: number): WireField {
  let start = at;
  let length: number;
  if (type === 0) {
    length = readVarint(source, field, at, end).next - at;
  } else if (type === 1 || type === 5) {
    length = type === 1 ? 8 : 4;
  } else if (type === 2) {
    const size = readVarint(source, field, at, end);
    start = size.next;
    length = size.value;
  } else {
    throw bad(source, field, 'a protobuf field has wire type 0, 1, 2 or 5', `type ${type} before byte ${at}`);
  }
  if (start + length > end) {
    const received = `field ${number}, bytes ${start} to ${start + length}`;
    throw bad(
      source,
      field,
      'a protobuf field lies inside its message',
      received,
      `up to byte ${end}: is it truncated?`,
    );
  }
  return { number, type, start, end: start + length };
}

/** A varint as an unsigned number; above 2^53 it is rounded, which any size check refuses. */
function readVarint(
  source: Source,
  field: string,
  at: number,
  end: number,
): { value: number; low: number; high: number; next: number } {
  let low = 0;
  let high = 0;
  for (let index = 0; index < 10; index++) {
    if (at + index >= end) throw bad(source, field, 'a protobuf number ends inside its message', `byte ${at + index}`);
    const byte = source.bytes[at + index]!;
    const bits = byte & 0x7f;
    // 28 bits go to the low word, the fifth byte is split, the rest goes to the high word.
    if (index < 4) low |= bits << (7 * index);
    else if (index === 4) {
      low |= bits << 28;
      high |= bits >> 4;
    } else high |= bits << (7 * index - 32);
    if (byte < 0x80) return { value: (high >>> 0) * 2 ** 32 + (low >>> 0), low, high, next: at + index + 1 };
  }
  throw bad(source, field, 'a protobuf number has at most 10 bytes', 'more', `from byte ${at}`);
}

/** The varint of a field, as an unsigned number. */
export function varintOf(source: Source, field: string, wire: WireField): number {
  if (wire.type !== 0) throw bad(source, field, `field ${wire.number} is a number`, `wire type ${wire.type}`);
  return readVarint(source, field, wire.start, wire.end).value;
}

/** The bytes of a length-delimited field: a view. */
export function bytesOf(source: Source, field: string, wire: WireField): Uint8Array {
  if (wire.type !== 2) throw bad(source, field, `field ${wire.number} has a length`, `wire type ${wire.type}`);
  return slice(source, field, wire.start, wire.end - wire.start);
}

/** The text of a length-delimited field. */
export function textOf(source: Source, field: string, wire: WireField): string {
  const bytes = bytesOf(source, field, wire);
  if (bytes.length > source.limits.maxHeaderBytes) {
    throw bad(source, field, 'text is short', `${bytes.length} bytes`, atMost('maxHeaderBytes', source.limits));
  }
  return decodeText(source, field, bytes);
}

/**
 * The numbers of a repeated scalar field, packed or single, each handed to `visit` (64-bit integers as two signed
 * words).
 */
export function eachScalar(
  source: Source,
  field: string,
  wire: WireField,
  kind: 'varint' | 'float' | 'double',
  visit: (value: number, high: number) => void,
): void {
  const packed = wire.type === 2;
  if (kind === 'varint') {
    if (!packed && wire.type !== 0) throw bad(source, field, 'a number is a varint', `wire type ${wire.type}`);
    for (let at = wire.start; at < wire.end; ) {
      const { low, high, next } = readVarint(source, field, at, wire.end);
      visit(low, high);
      at = next;
    }
    return;
  }
  const width = kind === 'float' ? 4 : 8;
  if ((!packed && wire.type !== (kind === 'float' ? 5 : 1)) || (wire.end - wire.start) % width !== 0) {
    throw bad(source, field, `a ${kind} has ${width} bytes`, `wire type ${wire.type}, ${wire.end - wire.start} bytes`);
  }
  const view = viewOf(source.bytes);
  for (let at = wire.start; at < wire.end; at += width) {
    visit(kind === 'float' ? view.getFloat32(at, true) : view.getFloat64(at, true), 0);
  }
}
