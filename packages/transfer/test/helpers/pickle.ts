import { bytes, u16, u32 } from './bytes.js';

/** Opcodes of pickle protocol 2 as torch writes them, for making files. */
export const p = {
  proto: (version = 2) => bytes([0x80, version]),
  stop: bytes('.'),
  mark: bytes('('),
  none: bytes('N'),
  emptyDict: bytes('}'),
  emptyList: bytes(']'),
  emptyTuple: bytes(')'),
  tuple: bytes('t'),
  tuple1: bytes([0x85]),
  tuple2: bytes([0x86]),
  append: bytes('a'),
  setItem: bytes('s'),
  setItems: bytes('u'),
  reduce: bytes('R'),
  build: bytes('b'),
  newObject: bytes([0x81]),
  persistent: bytes('Q'),
  put: (index: number) => bytes('r', u32(index)),
  get: (index: number) => bytes('j', u32(index)),
  global: (module: string, name: string) => bytes(`c${module}\n${name}\n`),
  text: (value: string) => {
    const utf8 = new TextEncoder().encode(value);
    return bytes('X', u32(utf8.length), utf8);
  },
  int: (value: number) => {
    if (value >= 0 && value < 256) return bytes('K', [value]);
    return value >= 0 && value < 65536 ? bytes('M', u16(value)) : bytes('J', u32(value | 0));
  },
  tupleOf: (...items: readonly Uint8Array[]) => bytes('(', ...items, 't'),
  dictOf: (...pairs: readonly Uint8Array[]) => bytes('}(', ...pairs, 'u'),
};

/** A whole pickle of one value. */
export function pickled(...parts: readonly Uint8Array[]): Uint8Array {
  return bytes(p.proto(), ...parts, p.stop);
}

export interface TensorArgs {
  readonly key: string;
  /** Elements of the storage. */
  readonly count: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset?: number;
  readonly storage?: string;
  readonly location?: string;
  readonly legacy?: boolean;
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())`. */
export function tensorPickle(args: TensorArgs): Uint8Array {
  const { key, count, shape, strides, offset = 0, storage = 'FloatStorage', location = 'cpu', legacy = false } = args;
  const id = [p.text('storage'), p.global('torch', storage), p.text(key), p.text(location), p.int(count)];
  if (legacy) id.push(p.none);
  return bytes(
    p.global('torch._utils', '_rebuild_tensor_v2'),
    p.tupleOf(
      p.tupleOf(...id),
      p.persistent,
      p.int(offset),
      p.tupleOf(...shape.map(p.int)),
      p.tupleOf(...strides.map(p.int)),
      bytes([0x89]),
      p.global('collections', 'OrderedDict'),
      p.emptyTuple,
      p.reduce,
    ),
    p.reduce,
  );
}
