import { stridesOf, type TensorData } from '@nats/graph';
import { bytes, u64 } from './bytes.js';
import { p, pickled, tensorPickle } from './pickle.js';
import { joinAll, makeZip } from './zip.js';

const STORAGES = { float32: 'FloatStorage', int32: 'IntStorage', uint8: 'ByteStorage', bool: 'BoolStorage' } as const;

export interface PthOptions {
  readonly legacy?: boolean;
  /** Where the tensors claim to have been. */
  readonly location?: string;
}

/** A PyTorch file of contiguous tensors, one storage each: what `torch.save(state_dict)` writes. */
export function makePth(tensors: ReadonlyMap<string, TensorData>, options: PthOptions = {}): Uint8Array {
  const { legacy = false, location = 'cpu' } = options;
  const pairs = [...tensors].flatMap(([name, { dtype, shape, data }], index) => [
    p.text(name),
    tensorPickle({
      key: String(index),
      count: data.length,
      shape,
      strides: stridesOf(shape),
      storage: STORAGES[dtype],
      location,
      legacy,
    }),
  ]);
  const saved = pickled(p.dictOf(...pairs));
  const raw = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  if (legacy)
    return makeLegacy(
      saved,
      raw.map((data, index) => ({ key: String(index), count: [...tensors.values()][index]!.data.length, data })),
    );
  return makeTorchZip(
    saved,
    raw.map((data, index) => ({ key: String(index), data })),
  );
}

export function makeTorchZip(saved: Uint8Array, storages: readonly { key: string; data: Uint8Array }[]): Uint8Array {
  return makeZip([
    { name: 'archive/data.pkl', data: saved },
    ...storages.map(({ key, data }) => ({ name: `archive/data/${key}`, data })),
    { name: 'archive/version', data: bytes('3\n') },
  ]);
}

/** Magic number, version, system information, object, keys, storages. */
export function makeLegacy(
  saved: Uint8Array,
  storages: readonly { key: string; count: number; data: Uint8Array }[],
): Uint8Array {
  return joinAll([
    legacyHead(),
    saved,
    pickled(p.emptyList, ...storages.map(({ key }) => bytes(p.text(key), p.append))),
    ...storages.flatMap(({ count, data }) => [u64(count), data]),
  ]);
}

export function legacyHead(): Uint8Array {
  const magic = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  return bytes(pickled(bytes([0x8a, 10], magic)), pickled(p.int(1001)), pickled(p.emptyDict));
}
