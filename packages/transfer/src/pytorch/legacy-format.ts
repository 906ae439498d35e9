import { checkGraph } from '../pickle/check-graph.js';
import { runPickle } from '../pickle/machine.js';
import { describe, itemsOf, type PickleValue, type StorageRef, textOf } from '../pickle/values.js';
import { bad, quote, type Source, slice, uint64, viewOf } from '../source.js';
import { materialize, type Weights } from '../weights.js';
import { weightHost } from './host.js';
import type { PickleOptions } from './index.js';
import { planStateDict, storageBytes } from './plans.js';
import { findStateDict } from './state-dict.js';

/** torch.serialization.MAGIC_NUMBER, the first of the file's pickles. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

/**
 * Reads PyTorch's format before 1.6: five pickles in a row (magic number, version, a note on the writing machine, the
 * saved object, the list of storage keys), then each storage as an element count (int64) and its bytes, in the order
 * of the keys. Data is little-endian whatever the writing machine was.
 */
export function readTorchLegacy(source: Source, options: PickleOptions): Weights {
  const storages = new Map<string, StorageRef>();
  const host = weightHost(source, options.inertGlobals);
  const collecting: typeof host = {
    ...host,
    persistent(id, field) {
      const storage = host.persistent(id, field) as StorageRef;
      const known = storages.get(storage.key);
      if (known !== undefined && (known.stored !== storage.stored || known.count !== storage.count)) {
        throw bad(source, field, 'a storage has one element type and count', `two for ${quote(storage.key)}`);
      }
      storages.set(storage.key, storage);
      return storage;
    },
  };
  const magic = runPickle(source, 0, 'magic number', host);
  if (magic.value !== MAGIC) throw bad(source, 'magic number', 'a file begins with PyTorch’s number', 'another value');
  const version = runPickle(source, magic.end, 'protocol version', host);
  if (version.value !== VERSION) {
    throw bad(source, 'protocol version', `the protocol is ${VERSION}`, String(version.value));
  }
  const system = runPickle(source, version.end, 'system information', host);
  const saved = runPickle(source, system.end, 'saved object', collecting);
  const keys = runPickle(source, saved.end, 'storage keys', host);
  checkGraph(source, 'saved object', saved.value);
  const state = findStateDict(source, saved.value, options.select);
  const bytes = locateStorages(source, keys.end, keys.value, storages);
  const readStorage = (storage: StorageRef) => {
    const found = bytes.get(storage.key);
    if (found === undefined) {
      throw bad(source, `storage ${quote(storage.key)}`, 'every storage is among the keys', 'a storage without a key');
    }
    return found;
  };
  return materialize(source, 'pytorch-legacy', planStateDict(source, state, readStorage), state.metadata);
}

function locateStorages(
  source: Source,
  start: number,
  keys: PickleValue,
  storages: ReadonlyMap<string, StorageRef>,
): Map<string, Uint8Array> {
  const items = itemsOf(keys);
  if (items === undefined) throw bad(source, 'storage keys', 'storage keys are a list', describe(keys));
  const located = new Map<string, Uint8Array>();
  let at = start;
  for (const item of items) {
    const key = textOf(item);
    const storage = key === undefined ? undefined : storages.get(key);
    if (key === undefined || storage === undefined) {
      throw bad(source, 'storage keys', 'a storage key occurs in the saved object', quote(key ?? describe(item)));
    }
    if (located.has(key)) throw bad(source, 'storage keys', 'a storage key occurs once', `${quote(key)} twice`);
    const field = `storage ${quote(key)}`;
    const count = uint64(viewOf(slice(source, `${field}, count`, at, 8)), 0);
    if (count !== storage.count) {
      throw bad(source, `${field}, count`, 'a storage has the elements that it counts', `${count}`, `${storage.count}`);
    }
    const { total } = storageBytes(storage);
    located.set(key, slice(source, field, at + 8, total));
    at += 8 + total;
  }
  return located;
}
