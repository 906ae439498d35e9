import type { TensorData } from '@nats/graph';
import { type JsonValue, parseJson } from './json.js';
import { atMost, bad, decodeText, quote, type Source } from './source.js';
import type { Weights } from './weights.js';

/** Which file has which tensor: `model.safetensors.index.json` and `pytorch_model.bin.index.json` of Hugging Face. */
export interface ShardIndex {
  /** Files in the order in which the index names them first. */
  readonly files: readonly string[];
  /** File by tensor. */
  readonly map: ReadonlyMap<string, string>;
}

/**
 * Reads an index of shards.
 * @returns nothing for JSON that is none, such as a TF.js model.json
 * @throws NatsError `malformed`
 */
export function readShardIndex(source: Source): ShardIndex | undefined {
  if (source.bytes.length > source.limits.maxJsonBytes) return undefined;
  const root = parseJson(source, 'index', decodeText(source, 'index', source.bytes).replace(/^\uFEFF/, ''));
  const entries = root instanceof Map ? root.get('weight_map') : undefined;
  if (entries === undefined) return undefined;
  if (!(entries instanceof Map))
    throw bad(source, 'weight_map', 'weight_map has a file for each tensor', kindOf(entries));
  if (entries.size > source.limits.maxTensors) {
    const limit = atMost('maxTensors', source.limits);
    throw bad(source, 'weight_map', 'a model has a bounded number of tensors', `${entries.size}`, limit);
  }
  const map = new Map<string, string>();
  for (const [tensor, file] of entries) {
    if (typeof file !== 'string') throw bad(source, `weight_map, ${quote(tensor)}`, 'a file is a text', kindOf(file));
    map.set(tensor, file);
  }
  return { files: [...new Set(map.values())], map };
}

/** The tensors of all shards as one model. @throws NatsError `malformed` if they are not those that the index names */
export function joinShards(source: Source, { map }: ShardIndex, shards: ReadonlyMap<string, Weights>): Weights {
  const [first] = shards.values();
  const tensors = new Map<string, TensorData>();
  const storedDtypes = new Map<string, string>();
  for (const [name, file] of map) {
    const shard = shards.get(file)!;
    const tensor = shard.tensors.get(name);
    if (tensor === undefined) {
      throw bad(
        source,
        `weight_map, ${quote(name)}`,
        'a tensor is in the file that the index names',
        `none in ${quote(file)}`,
      );
    }
    tensors.set(name, tensor);
    storedDtypes.set(name, shard.storedDtypes.get(name)!);
  }
  return { format: first?.format ?? 'safetensors', tensors, storedDtypes, metadata: first?.metadata ?? {} };
}

function kindOf(value: JsonValue): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : value instanceof Map ? 'an object' : typeof value;
}
