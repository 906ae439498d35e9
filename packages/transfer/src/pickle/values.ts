import type { StoredDType } from '../elements.js';

/**
 * What a pickle can become here: plain data. Python classes are never looked up, imported or called; a global is its
 * name, and only the constructors of `globals.ts` turn names and arguments into the records below.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | InertObject
  | StorageRef
  | TensorRef
  | NumpyDType
  | NumpyArray;

export interface PickleList {
  readonly kind: 'list';
  readonly items: PickleValue[];
}

export interface PickleTuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
}

/** A dict or OrderedDict. Python 2's byte strings are text as keys. */
export interface PickleDict {
  readonly kind: 'dict';
  readonly entries: Map<PickleValue, PickleValue>;
}

/** A name such as `torch._utils._rebuild_tensor_v2`, known to be on a list. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
}

/** Stands where Python would have made an object that weights do not need; its arguments and state are dropped. */
export interface InertObject {
  readonly kind: 'inert';
  readonly name: string;
}

/** A torch storage: typed memory outside the pickle, found by its key. */
export interface StorageRef {
  readonly kind: 'storage';
  readonly key: string;
  /** `null` for an untyped storage, counted in bytes. */
  readonly stored: StoredDType | null;
  /** Elements (bytes when untyped) of the whole storage. */
  readonly count: number;
  /** The part of it that a legacy view shows, in elements; the whole otherwise. */
  readonly viewStart: number;
  readonly viewCount: number;
}

/** A strided view of a storage, in elements; inside the storage's bounds. */
export interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly stored: StoredDType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export interface NumpyDType {
  readonly kind: 'numpy-dtype';
  /** Such as `f4`. */
  readonly code: string;
  /** `<`, `>`, `|` or `=`; set by the dtype's state. */
  order: string;
}

/** A numpy array, filled by its state. */
export interface NumpyArray {
  readonly kind: 'numpy-array';
  content: NumpyContent | undefined;
}

export interface NumpyContent {
  readonly stored: StoredDType;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  readonly data: Uint8Array;
}

/** Text of a string, or of a Python 2 byte string (latin-1, which maps bytes to code points one to one). */
export function textOf(value: PickleValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (!(value instanceof Uint8Array)) return undefined;
  let text = '';
  for (const byte of value) text += String.fromCharCode(byte);
  return text;
}

/** Items of a tuple or list. */
export function itemsOf(value: PickleValue | undefined): readonly PickleValue[] | undefined {
  return isKind(value, 'tuple') || isKind(value, 'list') ? value.items : undefined;
}

type Kinded = Extract<PickleValue, { kind: string }>;

/** Narrows a value to one kind of record. */
export function isKind<K extends Kinded['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<Kinded, { kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** For errors: what a value is, without its content. */
export function describe(value: PickleValue | undefined): string {
  if (value === null) return 'None';
  if (value === undefined) return 'nothing';
  if (value instanceof Uint8Array) return 'bytes';
  if (typeof value !== 'object') return typeof value;
  if (value.kind === 'global' || value.kind === 'inert') return `${value.kind} ${value.name}`;
  return value.kind;
}
