import type { NumericArray } from '@nats/graph';
import { decodeElements } from '../elements.js';
import { bad, openSource, type ParseOptions, quote, type Source } from '../source.js';
import { materialize, type TensorPlan, type Weights } from '../weights.js';
import { graphKernels, layersKernel, toPytorchLayout } from './layout.js';
import { type ManifestGroup, type ManifestWeight, readTfjsModel, type TfjsModel } from './manifest.js';

/** Options of `parseTfjs`. */
export interface TfjsOptions extends ParseOptions {
  /**
   * `stored` (default) leaves kernels as TensorFlow has them: convolution [h, w, in, out], depthwise
   * [h, w, channels, multiplier], dense [in, out]. `pytorch` moves their axes to [out, in, h, w],
   * [channels * multiplier, 1, h, w] and [out, in]. Kernels of a graph model are found through its nodes, those of a
   * layers model by their Keras names.
   */
  readonly layout?: 'stored' | 'pytorch';
}

/** Paths of the shards that a model.json needs, as it says, so not safe to open unchecked. @throws NatsError `malformed`. */
export function tfjsShards(modelJson: Uint8Array, options: ParseOptions = {}): string[] {
  return readTfjsModel(openSource(modelJson, options)).groups.flatMap((group) => group.paths);
}

/**
 * Reads the weights of a TF.js layers or graph model.
 * @param modelJson bytes of the model.json.
 * @param shards bytes of its weight files, by their paths in the manifest.
 * @throws NatsError `malformed` (a missing shard, or one of another size than its weights), `unsupported` (text,
 * complex), `dtype`.
 */
export function parseTfjs(
  modelJson: Uint8Array,
  shards: ReadonlyMap<string, Uint8Array>,
  options: TfjsOptions = {},
): Weights {
  const source = openSource(modelJson, options);
  const model = readTfjsModel(source);
  let storedBytes = modelJson.length;
  const plans = model.groups.flatMap((group, index) => {
    const field = `weightsManifest[${index}]`;
    const bytes = joinShards(source, field, group, shards);
    storedBytes += bytes.length;
    return planGroup(source, field, group, bytes);
  });
  const weights = materialize(source, model.format, plans, model.metadata, storedBytes);
  return options.layout === 'pytorch' ? inPytorchLayout(weights, model) : weights;
}

function joinShards(
  source: Source,
  field: string,
  group: ManifestGroup,
  shards: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const needed = group.weights.reduce((total, weight) => total + weight.bytes, 0);
  const parts = group.paths.map((path) => {
    const part = shards.get(path);
    if (part === undefined) throw bad(source, `${field}, paths`, 'every shard is at hand', `no ${quote(path)}`);
    return part;
  });
  const present = parts.reduce((total, part) => total + part.length, 0);
  if (present !== needed) {
    const received = `${present} bytes in ${parts.length} files`;
    throw bad(source, field, 'the shards of a group have as many bytes as its weights', received, `${needed}`);
  }
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(present);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function planGroup(source: Source, field: string, group: ManifestGroup, bytes: Uint8Array): TensorPlan[] {
  let at = 0;
  return group.weights.map((weight) => {
    const data = bytes.subarray(at, at + weight.bytes);
    if (data.length !== weight.bytes) throw bad(source, field, 'a weight lies inside its shards', quote(weight.name));
    at += weight.bytes;
    const quantized = weight.quantization?.stored;
    // The caps count what a weight becomes: an affine uint8 becomes float32.
    const stored = quantized === undefined ? weight.stored : weight.dtype;
    return { name: weight.name, stored, quantized, shape: weight.shape, read: () => decodeWeight(weight, data) };
  });
}

function decodeWeight(weight: ManifestWeight, data: Uint8Array): ReturnType<typeof decodeElements> {
  const values = decodeElements(data, weight.stored, weight.size);
  const { quantization } = weight;
  if (quantization === undefined || 'problem' in values) return values;
  const out: NumericArray = weight.dtype === 'float32' ? new Float32Array(weight.size) : new Int32Array(weight.size);
  const { scale, min } = quantization;
  const round = weight.dtype !== 'float32';
  for (let i = 0; i < out.length; i++) {
    const value = values[i]! * scale + min;
    out[i] = round ? Math.round(value) : value;
  }
  return out;
}

function inPytorchLayout(weights: Weights, model: TfjsModel): Weights {
  const kernels = model.format === 'tfjs-graph' ? graphKernels(model.topology) : undefined;
  const tensors = new Map(
    [...weights.tensors].map(([name, tensor]) => {
      const kind = kernels === undefined ? layersKernel(name, tensor.shape.length) : kernels.get(name);
      return [name, kind === undefined ? tensor : toPytorchLayout(tensor, kind)] as const;
    }),
  );
  return { ...weights, tensors };
}
