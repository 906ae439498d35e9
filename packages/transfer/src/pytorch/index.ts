import { checkGraph } from '../pickle/check-graph.js';
import { runPickle } from '../pickle/machine.js';
import { bad, openSource, type ParseOptions, type Source } from '../source.js';
import { materialize, type Weights } from '../weights.js';
import { readZip } from '../zip.js';
import { weightHost } from './host.js';
import { readTorchLegacy } from './legacy-format.js';
import { planStateDict } from './plans.js';
import { findStateDict } from './state-dict.js';
import { readTorchZip } from './zip-format.js';

/** Options for files that contain a pickle. */
export interface PickleOptions extends ParseOptions {
  /**
   * Keys that lead to the weights, joined by dots, when a checkpoint holds several models: `model_ema`,
   * `teacher.state_dict`. By default the weights are looked for under the usual keys (`WRAPPER_KEYS`).
   */
  readonly select?: string;
  /** Further Python names (`module.name`) that may occur beside the weights; they become inert placeholders. */
  readonly inertGlobals?: readonly string[];
}

const LEGACY_MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/** True for the start of a file in PyTorch's legacy format: a protocol opcode, then the pickled magic number. */
export function isTorchLegacy(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && LEGACY_MAGIC.every((byte, index) => bytes[index + 2] === byte);
}

/**
 * Reads a PyTorch file (`.pth`, `.pt`, `.th`, `.bin`), in the zip format or the one before version 1.6. No Python
 * name is resolved and nothing is executed: a pickle machine of this package builds plain data, and a name outside its
 * allow-list is an error.
 * @returns the state dict; a parameter is a tensor; strided and shared storages become contiguous copies; where a
 * storage was saved from (CUDA) plays no role.
 * @throws NatsError `malformed` (with file and field), `unsupported` (TorchScript, sparse, complex), `dtype` for an
 * integer outside int32.
 */
export function parsePytorch(bytes: Uint8Array, options: PickleOptions = {}): Weights {
  const source = openSource(bytes, options);
  return isTorchLegacy(bytes) ? readTorchLegacy(source, options) : readTorchZip(source, readZip(source), options);
}

/**
 * Reads a plain pickle of numpy arrays, as detectron2's model zoo has (`.pkl`): `{model: {name: array}}` or
 * `{blobs: …}`. The same machine and allow-list as for PyTorch files.
 * @throws NatsError as `parsePytorch`.
 */
export function parsePickle(bytes: Uint8Array, options: PickleOptions = {}): Weights {
  const source: Source = openSource(bytes, options);
  const { value } = runPickle(source, 0, 'pickle', weightHost(source, options.inertGlobals));
  checkGraph(source, 'pickle', value);
  const state = findStateDict(source, value, options.select);
  const plans = planStateDict(source, state, (storage) => {
    throw bad(source, 'pickle', 'a plain pickle has its data inside', `torch storage ${storage.key}`);
  });
  return materialize(source, 'pickle', plans, state.metadata);
}
