import { STORED_BYTES, type StoredDType } from '../elements.js';
import { type JsonValue, parseJson } from '../json.js';
import { atMost, bad, decodeText, quote, type Source, unsupported } from '../source.js';
import { checkShape } from '../weights.js';

/** Affine or half-precision storage of float32 weights. */
export interface Quantization {
  readonly stored: 'uint8' | 'uint16' | 'float16';
  readonly scale: number;
  readonly min: number;
}

export interface ManifestWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly dtype: 'float32' | 'int32' | 'uint8' | 'bool';
  readonly quantization: Quantization | undefined;
  /** The type in the shards. */
  readonly stored: StoredDType;
  readonly bytes: number;
}

/** Weights that lie one after the other in the joined bytes of their shards. */
export interface ManifestGroup {
  readonly paths: readonly string[];
  readonly weights: readonly ManifestWeight[];
}

export interface TfjsModel {
  readonly format: 'tfjs-layers' | 'tfjs-graph';
  readonly groups: readonly ManifestGroup[];
  readonly topology: JsonValue | undefined;
  readonly metadata: ReadonlyMap<string, string>;
}

const DTYPES: ReadonlySet<string> = new Set(['float32', 'int32', 'uint8', 'bool']);
const QUANTIZED: ReadonlySet<string> = new Set(['uint8', 'uint16', 'float16']);

/** Reads a model.json, its weights manifest checked. */
export function readTfjsModel(source: Source): TfjsModel {
  const { bytes, limits } = source;
  if (bytes.length > limits.maxJsonBytes) {
    const limit = atMost('maxJsonBytes', limits);
    throw bad(source, 'size', 'a model.json is not larger than the cap', `${bytes.length} bytes`, limit);
  }
  const model = parseJson(source, 'model.json', decodeText(source, 'model.json', bytes).replace(/^\uFEFF/, ''));
  const manifest = model instanceof Map ? model.get('weightsManifest') : undefined;
  if (!(model instanceof Map) || !Array.isArray(manifest)) {
    throw bad(
      source,
      'weightsManifest',
      'JSON of weights is a model.json with a weightsManifest, or an index with a weight_map',
      'neither',
    );
  }
  const topology = model.get('modelTopology');
  const metadata = new Map<string, string>();
  for (const key of ['format', 'generatedBy', 'convertedBy']) {
    const value = model.get(key);
    if (typeof value === 'string') metadata.set(key, value);
  }
  return {
    // Models before format fields are told apart by a graph's nodes.
    format: model.get('format') === 'graph-model' || hasNodes(topology) ? 'tfjs-graph' : 'tfjs-layers',
    groups: readGroups(source, manifest),
    topology,
    metadata,
  };
}

function hasNodes(topology: JsonValue | undefined): boolean {
  return topology instanceof Map && Array.isArray(topology.get('node'));
}

function readGroups(source: Source, manifest: readonly JsonValue[]): ManifestGroup[] {
  const paths = new Set<string>();
  return manifest.map((group, index) => {
    const field = `weightsManifest[${index}]`;
    const own = group instanceof Map ? group.get('paths') : undefined;
    const weights = group instanceof Map ? group.get('weights') : undefined;
    if (!Array.isArray(own) || !Array.isArray(weights)) {
      throw bad(source, field, 'a group has paths and weights', 'another value');
    }
    for (const path of own) {
      if (typeof path !== 'string') throw bad(source, `${field}, paths`, 'a path is a string', typeof path);
      if (paths.has(path)) throw bad(source, `${field}, paths`, 'a shard belongs to one group', `${quote(path)} twice`);
      paths.add(path);
    }
    return { paths: own as string[], weights: weights.map((weight) => readWeight(source, field, weight)) };
  });
}

function readWeight(source: Source, group: string, value: JsonValue): ManifestWeight {
  const name = value instanceof Map ? value.get('name') : undefined;
  if (!(value instanceof Map) || typeof name !== 'string') {
    throw bad(source, group, 'a weight has a name', 'another value');
  }
  const field = `${group}, weight ${quote(name)}`;
  const dtype = value.get('dtype');
  const shape = value.get('shape');
  if (!Array.isArray(shape)) throw bad(source, field, 'a weight has a shape', typeof shape);
  const size = checkShape(source, `${field}, shape`, shape);
  if (typeof dtype !== 'string' || !DTYPES.has(dtype)) {
    const limit = `one of ${[...DTYPES].join(', ')}`;
    throw unsupported(source, field, 'a weight has a dtype that is read', quote(String(dtype)), limit);
  }
  const quantization = readQuantization(source, field, value.get('quantization'));
  if (quantization !== undefined && dtype !== 'float32' && dtype !== 'int32') {
    throw unsupported(source, field, 'a quantized weight stands for float32 or int32', dtype, 'save it unquantized');
  }
  const stored: StoredDType = quantization?.stored ?? (dtype as ManifestWeight['dtype']);
  return {
    name,
    shape: shape as number[],
    size,
    dtype: dtype as ManifestWeight['dtype'],
    quantization,
    stored,
    bytes: size * STORED_BYTES[stored],
  };
}

function readQuantization(source: Source, field: string, value: JsonValue | undefined): Quantization | undefined {
  if (value === undefined || value === null) return undefined;
  const dtype = value instanceof Map ? value.get('dtype') : undefined;
  if (!(value instanceof Map) || typeof dtype !== 'string' || !QUANTIZED.has(dtype)) {
    throw unsupported(
      source,
      field,
      'a quantized weight is uint8, uint16 or float16',
      quote(String(dtype)),
      'one of them',
    );
  }
  const stored = dtype as Quantization['stored'];
  if (stored === 'float16') return { stored, scale: 1, min: 0 };
  const scale = value.get('scale');
  const min = value.get('min');
  if (typeof scale !== 'number' || typeof min !== 'number') {
    throw bad(source, field, 'a quantized weight has a scale and a min', `${typeof scale}, ${typeof min}`);
  }
  return { stored, scale, min };
}
