import { checkGraph } from '../pickle/check-graph.js';
import { runPickle } from '../pickle/machine.js';
import type { StorageRef } from '../pickle/values.js';
import { bad, decodeText, quote, type Source, unsupported } from '../source.js';
import { materialize, type Weights } from '../weights.js';
import type { Zip } from '../zip.js';
import { weightHost } from './host.js';
import type { PickleOptions } from './index.js';
import { planStateDict, storageBytes } from './plans.js';
import { findStateDict } from './state-dict.js';

const PICKLE = /^(?:[^/]+\/)?data\.pkl$/;

/** The entry that holds the pickle of a torch archive, if it is one. */
export function torchPickleEntry(zip: Zip): string | undefined {
  return [...zip.entries.keys()].find((name) => PICKLE.test(name));
}

/**
 * Reads PyTorch's format since 1.6: an archive with `<folder>/data.pkl`, and each storage in `<folder>/data/<key>`.
 */
export function readTorchZip(source: Source, zip: Zip, options: PickleOptions): Weights {
  const { entries } = zip;
  const name = torchPickleEntry(zip);
  if ([...entries.keys()].filter((key) => PICKLE.test(key)).length > 1) {
    throw bad(source, 'zip directory', 'a PyTorch archive has one data.pkl', 'several');
  }
  if (name === undefined) throw bad(source, 'zip directory', 'a PyTorch archive has a data.pkl', 'none');
  const folder = name.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`)) {
    const limit = 'save the state_dict of the module with torch.save';
    throw unsupported(source, name, 'an archive holds a state dict', 'a TorchScript program', limit);
  }
  checkByteOrder(source, zip, `${folder}byteorder`);
  const pickle: Source = { ...source, bytes: zip.content(name) };
  const { value } = runPickle(pickle, 0, name, weightHost(pickle, options.inertGlobals));
  checkGraph(source, name, value);
  const state = findStateDict(source, value, options.select);
  const readStorage = (storage: StorageRef) => {
    const entryName = `${folder}data/${storage.key}`;
    const entry = entries.get(entryName);
    if (entry === undefined) {
      throw bad(source, `storage ${quote(storage.key)}`, 'an archive has an entry for each storage', 'none', entryName);
    }
    const { total } = storageBytes(storage);
    if (entry.size < total) {
      const received = `${entry.size} bytes`;
      throw bad(source, entryName, 'a storage has the bytes that it counts', received, `${total} bytes`);
    }
    return zip.content(entryName);
  };
  return materialize(source, 'pytorch-zip', planStateDict(source, state, readStorage), state.metadata);
}

function checkByteOrder(source: Source, zip: Zip, name: string): void {
  const entry = zip.entries.get(name);
  if (entry === undefined) return;
  const order = entry.size <= 16 ? decodeText(source, 'byteorder', zip.content(name)) : 'a long text';
  if (order !== 'little') {
    throw unsupported(
      source,
      'byteorder',
      'storages are little-endian',
      quote(order),
      'save on a little-endian machine',
    );
  }
}
