import type { StoredDType } from '../elements.js';

/** Element types of torch's storage classes (`torch.FloatStorage`, `torch.cuda.HalfStorage` …); `null` is untyped. */
const STORAGE_CLASSES: Readonly<Record<string, StoredDType | null>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  UntypedStorage: null,
};

const STORAGE_NAME = /^torch\.(?:cuda\.|storage\.)?([A-Za-z0-9]+Storage)$/;

/** The element type of a storage class by its Python name; `undefined` when the name is none that is read. */
export function storageDType(global: string): StoredDType | null | undefined {
  const name = STORAGE_NAME.exec(global)?.[1];
  return name !== undefined && Object.hasOwn(STORAGE_CLASSES, name) ? STORAGE_CLASSES[name] : undefined;
}

/** The element types that `torch.float32` and its like name (`_rebuild_tensor_v3` is given one). */
const TORCH_DTYPES: ReadonlySet<string> = new Set<StoredDType>([
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'float8_e4m3fn',
  'float8_e5m2',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint64',
  'uint32',
  'uint16',
  'uint8',
  'bool',
]);

/** True for the name of any torch dtype, read or not: all may be named beside the weights. */
export function isTorchDTypeName(global: string): boolean {
  return /^torch\.(?:b?float\d\w{0,12}|q?u?int\d\w{0,4}|complex\d{1,3}|bool)$/.test(global);
}

/** The element type of a dtype's name; `undefined` when it is not read (complex, quantized). */
export function torchDType(global: string): StoredDType | undefined {
  const name = global.replace(/^torch\./, '');
  return TORCH_DTYPES.has(name) ? (name as StoredDType) : undefined;
}
