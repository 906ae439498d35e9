import { STORED_BYTES, type StoredDType } from '../elements.js';
import {
  describe,
  isKind,
  itemsOf,
  type PickleValue,
  type StorageRef,
  type TensorRef,
  textOf,
} from '../pickle/values.js';
import { bad, isCount, quote, type Source, unsupported } from '../source.js';
import { stridedEnd } from '../strided.js';
import { checkShape } from '../weights.js';
import { storageDType, torchDType } from './dtypes.js';
import type { Making } from './host.js';

/**
 * A storage by its persistent id: `('storage', class, key, device, count)`, and in the legacy format a sixth item,
 * `None` or `(view key, start, count)`. The device is where it was saved from and plays no role.
 */
export function readStorageId(source: Source, id: PickleValue, field: string): StorageRef {
  const items = itemsOf(id);
  if (items === undefined || (items.length !== 5 && items.length !== 6) || textOf(items[0]) !== 'storage') {
    const received = textOf(items?.[0]);
    throw bad(source, field, 'an object outside the pickle is a storage', received ? quote(received) : describe(id));
  }
  const [, type, rawKey, , count, view] = items;
  const stored = isKind(type, 'global') ? storageDType(type.name) : undefined;
  if (stored === undefined) {
    throw unsupported(source, field, 'a storage has an element type that is read', describe(type), 'real numbers only');
  }
  const key = textOf(rawKey);
  if (key === undefined) throw bad(source, field, 'a storage has a key', describe(rawKey));
  if (!isCount(count)) throw bad(source, field, 'a storage counts its elements', describe(count));
  const storage: StorageRef = { kind: 'storage', key, stored, count, viewStart: 0, viewCount: count };
  return view === undefined || view === null ? storage : viewedStorage(source, storage, view, field);
}

function viewedStorage(source: Source, storage: StorageRef, view: PickleValue, field: string): StorageRef {
  const [, start, count] = itemsOf(view) ?? [];
  if (!isCount(start) || !isCount(count) || start + count > storage.count) {
    throw bad(source, field, 'a view lies inside its storage', describe(view), `${storage.count} elements`);
  }
  return { ...storage, viewStart: start, viewCount: count };
}

/** `_rebuild_tensor(storage, offset, size, stride)`; version 2 adds requires_grad, hooks and metadata. */
export function rebuildTensor({ source, field }: Making, args: readonly PickleValue[]): TensorRef {
  const storage = args[0];
  if (!isKind(storage, 'storage')) throw bad(source, field, 'a tensor views a storage', describe(storage));
  return tensorOf(source, storage, storage.stored ?? 'uint8', args, field);
}

/** `_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype)` over an untyped storage. */
export function rebuildTensorV3({ source, field }: Making, args: readonly PickleValue[]): TensorRef {
  const [storage, , , , , , dtype] = args;
  if (!isKind(storage, 'storage')) throw bad(source, field, 'a tensor views a storage', describe(storage));
  const stored = isKind(dtype, 'global') ? torchDType(dtype.name) : undefined;
  if (stored === undefined) {
    throw unsupported(source, field, 'a tensor has a dtype that is read', describe(dtype), 'real numbers only');
  }
  return tensorOf(source, storage, stored, args, field);
}

function tensorOf(
  source: Source,
  storage: StorageRef,
  stored: StoredDType,
  args: readonly PickleValue[],
  field: string,
): TensorRef {
  const [, offset, rawShape, rawStrides] = args;
  const shape = itemsOf(rawShape);
  const strides = itemsOf(rawStrides);
  if (shape === undefined || strides === undefined || shape.length !== strides.length) {
    throw bad(
      source,
      field,
      'a tensor has as many strides as dimensions',
      `${describe(rawShape)}, ${describe(rawStrides)}`,
    );
  }
  checkShape(source, field, shape);
  if (!isCount(offset) || !strides.every(isCount)) {
    const received = quote(`${String(offset)}, [${strides.map(String).join(', ')}]`);
    throw bad(source, field, 'offset and strides are non-negative integers', received);
  }
  const width = storage.stored === null ? 1 : STORED_BYTES[storage.stored];
  const available = Math.floor((storage.viewCount * width) / STORED_BYTES[stored]);
  const end = stridedEnd(offset, shape as number[], strides);
  if (!(end <= available)) {
    const received = `elements up to ${end} (offset ${offset}, shape [${shape.join(', ')}], strides [${strides.join(', ')}])`;
    throw bad(source, field, 'a tensor lies inside its storage', received, `${available} elements`);
  }
  return { kind: 'tensor', storage, stored, offset, shape: shape as number[], strides };
}
